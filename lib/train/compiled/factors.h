// The change that plain SGD makes to linear layers, as the factors that it is the product of: few samples have far fewer
// numbers than the weights.
#pragma once

#include <memory>
#include <vector>

#include "core/buffer.h"
#include "core/sealed_change.h"
#include "train/compiled/kernels.h"

namespace fedsim::compiled {

/// A sum of squares from products that may cancel, and the sum of their absolute values.
struct Squares {
  double sum = 0, terms = 0;
  void add(double term) {
    sum += term;
    terms += term < 0 ? -term : term;
  }
};

/// A linear layer after backward passes that carry -lr times the gradients: the change of W [out, in] is d' x.
template <class T>
struct Factor {
  Index weight;       // offset in the flat vector
  Index bias = -1;    // the same, where its change is the sums of d's columns; -1: it is not
  Index rows, out, in;
  const T* d;  // [rows, out]
  Index d_row;
  Buffer* memory = nullptr;  // set: d begins it, and it may be taken
  Inputs<T> x;               // numbers, where by columns and not listed
  const T* inner = nullptr;  // [rows, rows] x x', column <= row; null: not known
  Squares squares{};         // |d' x|^2, where inner is known
  bool by_columns = false;   // the values come in the order of W'
  bool listed = false;       // x without its zeros; by columns only
};

/// Tensors whose changes are written down, each as a matrix [rows, columns] from `first` of the flat vector on.
template <class T>
struct Written {
  struct Part {
    Index first, rows, columns;
    const T* values;
    bool by_columns = false;  // it is the matrix [columns, rows] of the flat vector
  };
  std::vector<Part> parts;
  Buffer memory;  // where the values are
};

/// Writes the inner products of samples [rows, columns] to `inner` [rows, rows], column <= row.
template <class T>
void inner_products(const Kernels<T>& kernels, const Inputs<T>& x, Index rows, Index columns, T* inner);

/// The change of the flat vector of `size` values whose parts these are, and all of it.
/// Takes or copies what factors point to, but for the bytes of samples, which stay.
template <class T>
std::unique_ptr<const SealedChange> factored_change(const Kernels<T>& kernels, Index size,
                                                    const std::vector<Factor<T>>& factors, Written<T> written = {});

}  // namespace fedsim::compiled
