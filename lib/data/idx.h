// IDX files, the format of MNIST: big-endian magic (two zero bytes, type, number of dimensions), dimensions,
// values. http://yann.lecun.com/exdb/mnist/. Only unsigned bytes (type 0x08), which is what all such data
// sets use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace fedsim {

struct IdxArray {
  Shape shape;
  std::vector<std::uint8_t> values;
};

/// Reads a file, gzipped or not. Throws DataError: wrong magic or number of dimensions, size other than the
/// header says, dimensions whose product overflows.
IdxArray read_idx(const std::filesystem::path& path, int dimensions);

/// A data set of the four files train-images-idx3-ubyte, ..., t10k-labels-idx1-ubyte, as MNIST.
Dataset load_idx(const DataContext& context, const std::string& name, std::int64_t classes);

}  // namespace fedsim
