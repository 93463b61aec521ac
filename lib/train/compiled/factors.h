// The change that one step of plain SGD makes to linear layers, as the factors that it is the product of: a batch of
// few samples has far fewer numbers than the weights.
#pragma once

#include <memory>
#include <vector>

#include "core/block_vector.h"
#include "train/compiled/kernels.h"

namespace fedsim::compiled {

/// A linear layer after a backward pass that carries -lr times the gradients: the change of W [out, in] is d' x, that of the bias the sums of d's columns.
template <class T>
struct Factor {
  Index weight, bias;  // offsets in the flat vector; bias -1: none
  Index rows, out, in;
  const T* d;  // [rows, out]
  const T* x;  // [rows, in]
};

/// The change whose parts `factors` are, in the order of the flat vector of `size` values and all of it. Copies d and x.
template <class T>
std::unique_ptr<const BlockVector> factored_change(const Kernels<T>& kernels, Index size,
                                                   std::vector<Factor<T>> factors);

}  // namespace fedsim::compiled
