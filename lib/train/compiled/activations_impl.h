// ReLU, tanh and the cell of an LSTM, value by value.
#pragma once

#include "train/compiled/exponential.h"
#include "train/compiled/kernels.h"

namespace fedsim::compiled {
namespace {

template <class T>
void relu(const T* x, T* y, Index n) {
  for (Index i = 0; i < n; ++i) y[i] = x[i] <= 0 ? T(0) : x[i];
}

template <class T>
void relu_gradient(const T* y, T* d, Index n) {
  for (Index i = 0; i < n; ++i) d[i] = y[i] <= 0 ? T(0) : d[i];
}

/// y may be x.
template <class T>
void tanh(const T* x, T* y, Index n) {
  constexpr int lanes = Simd<T>::lanes;
  Index i = 0;
  for (; i + lanes <= n; i += lanes) store(y + i, tanh_of<T>(load(x + i)));
  const int tail = static_cast<int>(n - i);
  if (tail > 0) store(y + i, tanh_of<T>(load(x + i, tail)), tail);
}

/// Cells j to j + lanes, or j + tail where Tail.
template <class T, bool Tail>
inline void lstm_cell_at(const LstmCell<T>& cell, Index j, int tail) {
  const auto get = [j, tail](const T* from) { return Tail ? load(from + j, tail) : load(from + j); };
  const auto put = [j, tail](T* to, Vector<T> value) {
    if constexpr (Tail)
      store(to + j, value, tail);
    else
      store(to + j, value);
  };
  T* gates = cell.gates;
  const Index hidden = cell.hidden;
  const Vector<T> i = sigmoid<T>(get(gates)), f = sigmoid<T>(get(gates + hidden)),
                  g = tanh_of<T>(get(gates + 2 * hidden)), o = sigmoid<T>(get(gates + 3 * hidden));
  Vector<T> c = i * g;
  if (cell.past) c += f * get(cell.past);
  const Vector<T> squashed = tanh_of<T>(c);
  put(gates, i), put(gates + hidden, f), put(gates + 2 * hidden, g), put(gates + 3 * hidden, o);
  put(cell.c, c), put(cell.tanh_c, squashed), put(cell.h, o * squashed);
}

template <class T>
void lstm_cell(const LstmCell<T>& cell) {
  constexpr int lanes = Simd<T>::lanes;
  Index j = 0;
  for (; j + lanes <= cell.hidden; j += lanes) lstm_cell_at<T, false>(cell, j, 0);
  if (j < cell.hidden) lstm_cell_at<T, true>(cell, j, static_cast<int>(cell.hidden - j));
}

template <class T, bool Tail>
inline void lstm_gradient_at(const LstmGradient<T>& cell, Index j, int tail) {
  const auto get = [j, tail](const T* from) { return Tail ? load(from + j, tail) : load(from + j); };
  const auto put = [j, tail](T* to, Vector<T> value) {
    if constexpr (Tail)
      store(to + j, value, tail);
    else
      store(to + j, value);
  };
  const Index hidden = cell.hidden;
  const Vector<T> i = get(cell.gates), f = get(cell.gates + hidden), g = get(cell.gates + 2 * hidden),
                  o = get(cell.gates + 3 * hidden), squashed = get(cell.tanh_c);
  const Vector<T> dh = get(cell.dy) + get(cell.d_h);
  const Vector<T> dc = get(cell.d_c) + dh * o * (T(1) - squashed * squashed);
  const Vector<T> past = cell.past ? get(cell.past) : Vector<T>{};
  put(cell.d_gates, dc * g * i * (T(1) - i));
  put(cell.d_gates + hidden, dc * past * f * (T(1) - f));
  put(cell.d_gates + 2 * hidden, dc * i * (T(1) - g * g));
  put(cell.d_gates + 3 * hidden, dh * squashed * o * (T(1) - o));
  put(cell.d_c, dc * f);
}

template <class T>
void lstm_cell_gradient(const LstmGradient<T>& cell) {
  constexpr int lanes = Simd<T>::lanes;
  Index j = 0;
  for (; j + lanes <= cell.hidden; j += lanes) lstm_gradient_at<T, false>(cell, j, 0);
  if (j < cell.hidden) lstm_gradient_at<T, true>(cell, j, static_cast<int>(cell.hidden - j));
}

}  // namespace
}  // namespace fedsim::compiled
