// The kernels themselves, compiled once for each instruction set by kernels_*.cpp. Includes nothing with
// inline functions that other files share (see simd.h).
#pragma once

#include "train/compiled/activations_impl.h"
#include "train/compiled/norm_impl.h"
#include "train/compiled/pooling_impl.h"
#include "train/compiled/products_impl.h"

namespace fedsim::compiled {
namespace {

/// n values of the rule of Descent, with momentum on stored gradients, from place i on.
template <class T, bool Tail>
inline void descend_at(const Descent<T>& d, Index i, int tail, T factor, const T* gradient, T momentum,
                       T* velocity, T* out) {
  const auto get = [i, tail](const T* from) { return Tail ? load(from + i, tail) : load(from + i); };
  const auto put = [i, tail](T* to, Vector<T> value) {
    if constexpr (Tail)
      store(to + i, value, tail);
    else
      store(to + i, value);
  };
  const Vector<T> w = get(d.w);
  Vector<T> g = factor * get(gradient) + d.weight_decay * w;
  if (d.prox != 0) g += d.prox * (w - get(d.anchor));
  if (d.linear) g += get(d.linear);
  if (momentum != 0) {
    g += momentum * get(velocity);
    put(velocity, g);
  }
  Vector<T> value = w - d.lr * g;
  if (d.origin) value -= get(d.origin);
  put(out, value);
}

template <class T>
void descend(const Descent<T>& d, Index n, T factor, const T* gradient, T momentum, T* velocity, T* out) {
  constexpr int lanes = Simd<T>::lanes;
  Index i = 0;
  for (; i + lanes <= n; i += lanes) descend_at<T, false>(d, i, 0, factor, gradient, momentum, velocity, out);
  if (i < n) descend_at<T, true>(d, i, static_cast<int>(n - i), factor, gradient, momentum, velocity, out);
}

template <class T>
void column_sums(const T* a, Index rows, Index columns, T* sums) {
  constexpr int lanes = Simd<T>::lanes;
  Index j = 0;
  for (; j + lanes <= columns; j += lanes) {
    Vector<T> sum{};
    for (Index r = 0; r < rows; ++r) sum += load(a + r * columns + j);
    store(sums + j, sum);
  }
  if (j == columns) return;
  const int tail = static_cast<int>(columns - j);
  Vector<T> sum{};
  for (Index r = 0; r < rows; ++r) sum += load(a + r * columns + j, tail);
  store(sums + j, sum, tail);
}

template <class T>
constexpr Kernels<T> kernels_named(const char* name) {
  return {.instruction_set = name,
          .tile_rows = tile_rows,
          .panel = 2 * Simd<T>::lanes,
          .product = product<T>,
          .dot_product = dot_product<T>,
          .relu = relu<T>,
          .relu_gradient = relu_gradient<T>,
          .tanh = tanh<T>,
          .lstm_cell = lstm_cell<T>,
          .lstm_cell_gradient = lstm_cell_gradient<T>,
          .normalise = normalise<T>,
          .normalise_gradient = normalise_gradient<T>,
          .maxpool = maxpool<T>,
          .maxpool_gradient = maxpool_gradient<T>,
          .column_sums = column_sums<T>,
          .descend = descend<T>};
}

}  // namespace
}  // namespace fedsim::compiled
