// TensorFlow Federated's client-keyed layout: /examples/<client>/<feature>, one group a client.
// https://www.tensorflow.org/federated/api_docs/python/tff/simulation/datasets
#pragma once

#include <functional>
#include <string>

#include "core/hdf5/file.h"
#include "data/assemble.h"

namespace fedsim {

/// Where the two files of a data set are.
struct TffFiles {
  std::filesystem::path folder;
  std::string train, test;  // "shakespeare_train.h5"
};

/// Adds one client's samples to a part.
using ReadClient = std::function<void(const hdf5::Group& client, Part& part)>;

/// Fills parts.train, test and user_offsets (clients in order of name; the first `most` of each file, 0:
/// all).
void read_tff(const TffFiles& files, std::int64_t most, const ReadClient& read, Parts& parts);

/// Appends a sequence of token ids [length + 1], cut or padded with 0, to part.x and, shifted by one, to
/// part.y; the targets of padding are -1.
void add_sequence(std::span<const std::int32_t> tokens, std::size_t length, Part& part);

}  // namespace fedsim
