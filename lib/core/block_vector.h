// A vector that is computed where it is read, for what is cheaper to compute than to write down and read again.
#pragma once

#include <algorithm>
#include <span>

#include "core/vec.h"

namespace fedsim {

/// A matrix [rows, columns] within a vector, from `first` on.
struct MatrixAt {
  std::size_t first = 0, rows = 0, columns = 0;
  bool operator==(const MatrixAt&) const = default;
};

/// [d] values of one dtype, in blocks that together are [0, d). Thread-safe.
class BlockVector {
 public:
  virtual ~BlockVector() = default;
  virtual std::size_t size() const = 0;
  virtual Dtype dtype() const = 0;
  /// Matrices whose values come column by column, each in its place in the vector, first to last. The same for all vectors of
  /// one origin.
  virtual std::span<const MatrixAt> by_columns() const { return {}; }
  /// Length of the block that begins at `first`: 0, or where a block ends. The same for all vectors of one origin.
  virtual std::size_t block(std::size_t first) const = 0;
  /// Where its values are, if they are computed already; else null.
  virtual const void* stored(std::size_t) const { return nullptr; }
  /// Writes its values to `out`, of the dtype.
  virtual void compute(std::size_t first, void* out) const = 0;
  /// Bytes of memory that it takes.
  virtual std::size_t held() const = 0;
  /// The norm, within a hundred times the rounding of the values; `largest` bounds |x_i|, and is infinity where a value is
  /// not finite.
  virtual Magnitude magnitude() const = 0;
  std::size_t bytes() const { return size() * size_of(dtype()); }
};

/// Calls visit(i, j): the value that comes j-th belongs at place i of a vector of `size` values.
template <class Visit>
void for_places(std::size_t size, std::span<const MatrixAt> by_columns, const Visit& visit) {
  constexpr std::size_t side = 8;  // squares of a cache line
  std::size_t next = 0;
  for (const auto& [first, rows, columns] : by_columns) {
    for (; next < first; ++next) visit(next, next);
    for (std::size_t r = 0; r < rows; r += side)
      for (std::size_t c = 0; c < columns; c += side)
        for (std::size_t row = r; row < std::min(r + side, rows); ++row)
          for (std::size_t column = c; column < std::min(c + side, columns); ++column)
            visit(first + row * columns + column, first + column * rows + row);
    next = first + rows * columns;
  }
  for (; next < size; ++next) visit(next, next);
}

/// All of it, every value in its place.
Vec values_of(const BlockVector& x);

}  // namespace fedsim
