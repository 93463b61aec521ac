// The kernels themselves, compiled once for each instruction set by kernels_*.cpp. Includes nothing with
// inline functions that other files share (see simd.h).
#pragma once

#include "train/compiled/activations_impl.h"
#include "train/compiled/bytes_impl.h"
#include "train/compiled/norm_impl.h"
#include "train/compiled/pooling_impl.h"
#include "train/compiled/products_impl.h"
#include "train/compiled/winograd_impl.h"

namespace fedsim::compiled {
namespace {

/// The rule of Descent, with momentum on stored gradients.
template <class T>
void descend(const Descent<T>& d, Index n, T factor, const T* gradient, T momentum, T* velocity, T* out) {
  for_vectors<T>(n, [=, &d](auto at) {
    const Vector<T> w = at.get(d.w);
    Vector<T> step = with_penalties<T>(d, factor * at.get(gradient), w, [&](const T* from) { return at.get(from); });
    if (momentum != 0) {
      step += momentum * at.get(velocity);
      at.put(velocity, step);
    }
    Vector<T> value = w + step;
    if (d.origin) value -= at.get(d.origin);
    at.put(out, value);
  });
}

template <class T>
void column_sums(const T* a, Index rows, Index columns, T* sums) {
  for_vectors<T>(columns, [=](auto at) {
    Vector<T> sum{};
    for (Index r = 0; r < rows; ++r) sum += at.get(a + r * columns);
    at.put(sums, sum);
  });
}

template <class T>
constexpr Kernels<T> kernels_named(const char* name) {
  return {.instruction_set = name,
          .tile_rows = tile_rows,
          .panel = 2 * Simd<T>::lanes,
          .lanes = Simd<T>::lanes,
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
          .descend = descend<T>,
          .numbers = numbers<T>,
          .inner_products_of_bytes = inner_products_of_bytes<T>,
          .winograd = {winograd_of<T, 2, 3>(), winograd_of<T, 4, 3>(), winograd_of<T, 2, 5>()}};
}

}  // namespace
}  // namespace fedsim::compiled
