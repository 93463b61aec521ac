// Random matrices for the tests of kernels.
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

#include "core/random.h"
#include "train/compiled/kernels.h"

namespace fedsim::test {

using compiled::ByteRows;
using compiled::Index;

inline std::vector<double> values(Random& random, Index n) {
  std::vector<double> v(static_cast<std::size_t>(n));
  for (double& value : v) value = random.uniform(-1, 1);
  return v;
}

template <class T>
std::vector<T> rounded(const std::vector<double>& v) {
  return {v.begin(), v.end()};
}

/// n terms of size at most 1: the error of any order of summation is below n^2 / 2 roundings of 1.
template <class T>
double tolerance(Index n) {
  return (std::is_same_v<T, float> ? 1.2e-7 : 2.3e-16) * static_cast<double>((n + 4) * (n + 4));
}

/// The rows of a matrix of bytes, each in memory of its own.
class Scattered {
 public:
  Scattered(const std::vector<std::uint8_t>& bytes, Index rows, Index columns) {
    for (Index r = 0; r < rows; ++r) rows_.emplace_back(bytes.begin() + r * columns, bytes.begin() + (r + 1) * columns);
    for (const auto& row : rows_) where_.push_back(row.data());
  }
  ByteRows where() const { return where_.data(); }

 private:
  std::vector<std::vector<std::uint8_t>> rows_;
  std::vector<const std::uint8_t*> where_;
};

}  // namespace fedsim::test
