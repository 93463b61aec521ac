// A vector that is computed where it is read, for what is cheaper to compute than to write down and read again.
#pragma once

#include "core/vec.h"

namespace fedsim {

/// [d] values of one dtype, in blocks that together are [0, d). Thread-safe.
class BlockVector {
 public:
  virtual ~BlockVector() = default;
  virtual std::size_t size() const = 0;
  virtual Dtype dtype() const = 0;
  /// Length of the block that begins at `first`: 0, or where a block ends. The same for all vectors of one origin.
  virtual std::size_t block(std::size_t first) const = 0;
  /// Writes its values to `out`, of the dtype.
  virtual void compute(std::size_t first, void* out) const = 0;
  /// The norm, within the rounding of the values; `largest` bounds |x_i|, and infinity where a value may not be finite.
  virtual Magnitude magnitude() const = 0;
  std::size_t bytes() const { return size() * size_of(dtype()); }
};

/// All of it.
inline Vec values_of(const BlockVector& x) {
  Vec all = Vec::uninitialized(x.size(), x.dtype());
  for (std::size_t first = 0; first < x.size(); first += x.block(first))
    x.compute(first, static_cast<char*>(all.data()) + first * size_of(x.dtype()));
  return all;
}

}  // namespace fedsim
