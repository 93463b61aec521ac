// The matrix products and loops of the compiled trainer, one table per instruction set. The bits of a product
// depend on the instruction set and on its shape only.
#pragma once

#include <cstdint>

namespace fedsim::compiled {

using Index = std::int64_t;

/// What becomes of a product.
enum class Write { store, add, sgd };

/// The terms of SGD. In a product, on the matrix that it is the gradient of: the pointers stand at the
/// matrix' first element and have the rows of c, c = w - lr (product + weight_decay w + prox (w - anchor) +
/// linear) - origin.
template <class T>
struct Descent {
  T lr, weight_decay, prox;
  const T* w;
  const T* anchor;            // read where prox != 0
  const T* linear;            // null: none
  const T* origin = nullptr;  // subtracted from what is written; null: nothing is
  bool plain() const { return weight_decay == 0 && prox == 0 && linear == nullptr; }
};

/// c[r, j] = sum over o < outer, i < inner of a[r a_row + o a_outer + i a_inner] b[o b_outer + i b_inner +
/// j]. Rows of b and c are contiguous. Two levels of contraction make a convolution one product an output
/// row.
template <class T>
struct Product {
  Index rows, columns, outer, inner;
  const T* a;
  Index a_row, a_outer, a_inner;
  const T* b;
  Index b_outer, b_inner;
  T* c;
  Index c_row;
  Write write = Write::store;
  const T* bias = nullptr;  // [columns], added; store only
  bool relu = false;        // store only
  Descent<T> descent{};     // sgd only
};

/// c[r, j] = sum over i < inner of a[r a_row + i] b[j b_row + i]; for weights stored [out, in].
template <class T>
struct DotProduct {
  Index rows, columns, inner;
  const T* a;
  Index a_row;
  const T* b;
  Index b_row;
  T* c;
  Index c_row;
  bool add = false;
  const T* bias = nullptr;  // [columns]
  bool relu = false;
};

/// One image, channels last: x [height, width, channels], y [out_height, out_width, channels].
struct Pooling {
  Index channels, height, width, out_height, out_width, kernel, stride, padding;
};

template <class T>
struct Kernels {
  const char* instruction_set;
  Index panel;  // columns of a product that share one pass over a
  void (*product)(const Product<T>&);
  void (*dot_product)(const DotProduct<T>&);
  /// y = x <= 0 ? 0 : x, so that NaN stays visible.
  void (*relu)(const T* x, T* y, Index n);
  /// d = y <= 0 ? 0 : d.
  void (*relu_gradient)(const T* y, T* d, Index n);
  /// `where`: the place in the window that was largest, the first of equals.
  void (*maxpool)(const Pooling&, const T* x, T* y, std::int32_t* where);
  /// dx must be zero.
  void (*maxpool_gradient)(const Pooling&, const T* dy, const std::int32_t* where, T* dx);
  /// sums[j] = sum over rows of a[r, j]
  void (*column_sums)(const T* a, Index rows, Index columns, T* sums);
  /// SGD on n stored gradients times `factor`, with momentum where that is not 0 (then `velocity` is read):
  /// g = factor gradient + weight_decay w + prox (w - anchor) + linear; v = momentum v + g; out = w - lr v - origin.
  void (*descend)(const Descent<T>&, Index n, T factor, const T* gradient, T momentum, T* velocity, T* out);
};

/// The best table that this processor can run.
template <class T>
const Kernels<T>& best_kernels();
/// "avx512", "avx2" or "generic"; null where the processor cannot run it.
template <class T>
const Kernels<T>* kernels_for(const char* instruction_set);

}  // namespace fedsim::compiled
