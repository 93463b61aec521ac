// A vector that is computed where it is read, for what is cheaper to compute than to write down and read again.
#pragma once

#include <algorithm>
#include <span>

#include "core/ranges.h"
#include "core/transpose.h"
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
  /// Length of the block that begins at `first`: 0, or where a block ends.
  virtual std::size_t block(std::size_t first) const = 0;
  /// Writes its values to `out`, of the dtype.
  virtual void compute(std::size_t first, void* out) const = 0;
};

/// to [size] = the values of such a vector, which come as in `from`, in their places.
template <class T>
void put_in_place(std::size_t size, std::span<const MatrixAt> by_columns, const T* from, T* to,
                  const InRanges& in_ranges = in_one_range) {
  std::size_t done = 0;
  for (const MatrixAt& m : by_columns) {
    std::copy(from + done, from + m.first, to + done);
    done = m.first + m.rows * m.columns;
    in_ranges(m.rows * m.columns, [&](std::size_t begin, std::size_t end) {
      constexpr std::size_t at_once = 16;  // columns: lines of `to`, and whole squares of the transposition
      const auto column = [&](std::size_t at) { return std::min(m.columns, (at / m.rows + at_once - 1) / at_once * at_once); };
      const std::size_t first = column(begin), last = column(end);
      const auto r = static_cast<std::int64_t>(m.rows), c = static_cast<std::int64_t>(m.columns);
      transpose(from + m.first + first * m.rows, static_cast<std::int64_t>(last - first), r, r, to + m.first + first, c);
    });
  }
  std::copy(from + done, from + size, to + done);
}

/// All of it, every value in its place.
Vec values_of(const BlockVector& x);

}  // namespace fedsim
