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
  for_vectors<T>(n, [=](auto at) { at.put(y, tanh_of<T>(at.get(x))); });
}

template <class T>
void lstm_cell(const LstmCell<T>& cell) {
  for_vectors<T>(cell.hidden, [&cell](auto at) {
    T* gates = cell.gates;
    const Index hidden = cell.hidden;
    const Vector<T> i = sigmoid<T>(at.get(gates)), f = sigmoid<T>(at.get(gates + hidden)),
                    g = tanh_of<T>(at.get(gates + 2 * hidden)), o = sigmoid<T>(at.get(gates + 3 * hidden));
    Vector<T> c = i * g;
    if (cell.past) c += f * at.get(cell.past);
    const Vector<T> squashed = tanh_of<T>(c);
    at.put(gates, i), at.put(gates + hidden, f), at.put(gates + 2 * hidden, g), at.put(gates + 3 * hidden, o);
    at.put(cell.c, c), at.put(cell.tanh_c, squashed), at.put(cell.h, o * squashed);
  });
}

template <class T>
void lstm_cell_gradient(const LstmGradient<T>& cell) {
  for_vectors<T>(cell.hidden, [&cell](auto at) {
    const Index hidden = cell.hidden;
    const Vector<T> i = at.get(cell.gates), f = at.get(cell.gates + hidden), g = at.get(cell.gates + 2 * hidden),
                    o = at.get(cell.gates + 3 * hidden), squashed = at.get(cell.tanh_c);
    const Vector<T> dh = at.get(cell.dy) + at.get(cell.d_h);
    const Vector<T> dc = at.get(cell.d_c) + dh * o * (T(1) - squashed * squashed);
    const Vector<T> past = cell.past ? at.get(cell.past) : Vector<T>{};
    at.put(cell.d_gates, dc * g * i * (T(1) - i));
    at.put(cell.d_gates + hidden, dc * past * f * (T(1) - f));
    at.put(cell.d_gates + 2 * hidden, dc * i * (T(1) - g * g));
    at.put(cell.d_gates + 3 * hidden, dh * squashed * o * (T(1) - o));
    at.put(cell.d_c, dc * f);
  });
}

}  // namespace
}  // namespace fedsim::compiled
