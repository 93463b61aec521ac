// A vector that is computed where it is read, for what is cheaper to compute than to write down and read again.
#pragma once

#include <algorithm>
#include <span>

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
void put_in_place(std::size_t size, std::span<const MatrixAt> by_columns, const T* from, T* to) {
  std::size_t done = 0;
  for (const auto& [first, rows, columns] : by_columns) {
    std::copy(from + done, from + first, to + done);
    const auto r = static_cast<std::int64_t>(rows), c = static_cast<std::int64_t>(columns);
    transpose(from + first, c, r, r, to + first, c);
    done = first + rows * columns;
  }
  std::copy(from + done, from + size, to + done);
}

/// All of it, every value in its place.
Vec values_of(const BlockVector& x);

}  // namespace fedsim
