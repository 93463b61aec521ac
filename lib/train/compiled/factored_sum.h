// The weighted sum of changes that are factors: sum_k n_k D_k' X_k is one product, of all their samples.
#pragma once

#include <memory>
#include <vector>

#include "core/block_vector.h"
#include "train/compiled/factors.h"

namespace fedsim::compiled {

/// A factor with memory of its own, but for the bytes of samples, which stay where they are.
template <class T>
struct HeldFactor {
  Index weight, bias, rows, out, in, d_row;
  bool by_columns, listed;
  T unit;                                  // of x
  Buffer d;                                // [rows, out], rows of d_row
  Buffer x;                                // [rows, in]
  std::vector<const std::uint8_t*> bytes;  // [rows], in place of x

  explicit HeldFactor(const Factor<T>& f);
  /// True where both are factors of the same tensor in the same form.
  bool joins(const HeldFactor& other) const;
  /// Bytes, which follow from its shape alone: what is added to what depends on them.
  std::size_t held() const;
};

/// A change whose factors and written tensors are all of it.
template <class T>
struct Parts {
  std::vector<HeldFactor<T>> factors;
  Written<T> written;
};

/// `weight` of all their values.
template <class T>
struct WeightedParts {
  const Parts<T>* parts;
  T weight;
};

/// The sum of changes of `size` values that join each other; points into them. At least one.
template <class T>
std::unique_ptr<const BlockVector> factored_sum(const Kernels<T>& kernels, Index size,
                                                const std::vector<WeightedParts<T>>& terms);

}  // namespace fedsim::compiled
