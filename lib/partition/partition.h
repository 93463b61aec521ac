// How the samples fall on the clients. One file a scheme; a scheme is a pure function of (data, options, seed).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/random.h"
#include "core/registry.h"
#include "data/dataset.h"

namespace fedsim {

/// The split: client k has rows indices[offsets[k] .. offsets[k+1]), or rows offsets[k] .. offsets[k+1] themselves
/// where `indices` is empty. 12 bytes a client and sample; a million clients cost a few MB.
struct Partition {
  std::vector<std::int64_t> offsets{0};   // [N+1]
  std::vector<std::uint32_t> indices;     // [n] numbers of training samples as stored
  std::vector<float> noise;               // [N] std of feature noise, or empty

  std::int64_t clients() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
  std::int64_t size(std::int64_t client) const {
    return offsets[static_cast<std::size_t>(client) + 1] - offsets[static_cast<std::size_t>(client)];
  }
  Rows rows(std::int64_t client) const {
    const auto begin = offsets[static_cast<std::size_t>(client)];
    if (indices.empty()) return Rows(begin, size(client));
    return Rows(std::span(indices).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(size(client))));
  }
};

struct PartitionInput {
  const Dataset* data = nullptr;
  /// Training rows that may be used, ascending (data.train_limit); empty: all of them.
  std::vector<std::uint32_t> rows;
  std::int64_t clients = 0;  // partition.clients; 0: not written
  std::uint64_t seed = 1;
};

/// Chosen by partition.scheme. Throws OptionError("clients", ...) and the like for impossible requests, with the
/// numbers; never loops until luck. Every allowed row goes to exactly one client unless the scheme says otherwise.
class PartitionScheme {
 public:
  virtual ~PartitionScheme() = default;
  virtual Partition split(const PartitionInput& input) const = 0;
};

}  // namespace fedsim
