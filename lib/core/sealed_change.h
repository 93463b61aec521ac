// What a client's run has changed, left uncomputed: the changes of several clients are added in one product.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/block_vector.h"
#include "core/vec.h"

namespace fedsim {

class SealedChange;

struct WeightedChange {
  const SealedChange* change;
  std::int64_t weight;  // >= 0
};

/// [d] values of one dtype. Thread-safe.
class SealedChange {
 public:
  virtual ~SealedChange() = default;
  virtual std::size_t size() const = 0;
  virtual Dtype dtype() const = 0;
  /// The norm, within a hundred times the rounding of the values; `largest` bounds |x_i|, and is infinity where a value is
  /// not finite.
  virtual Magnitude magnitude() const = 0;
  /// weight * bound() bounds what it adds to a value of a sum, as it is computed there, and all that is computed on the way:
  /// values that nearly cancel are rounded otherwise in another sum, so that `largest` may be below it. Infinity where no
  /// bound is known.
  virtual double bound() const = 0;
  /// Bytes of memory that it takes or reads.
  virtual std::size_t held() const = 0;
  /// True where one product gives the sum of both.
  virtual bool joins(const SealedChange& other) const = 0;
  /// sum_k weight_k x_k of changes that this one joins, rounded as values of the dtype: the bits depend on the terms and on
  /// their order. Points into the terms.
  virtual std::unique_ptr<const BlockVector> sum(std::span<const WeightedChange> terms) const = 0;
  std::size_t bytes() const { return size() * size_of(dtype()); }
};

inline Vec values_of(const SealedChange& x) {
  const WeightedChange alone{&x, 1};
  return values_of(*x.sum({&alone, 1}));
}

}  // namespace fedsim
