#include "train/compiled/input_major.h"

#include "core/transpose.h"
#include "train/compiled/lists.h"

namespace fedsim::compiled {

template <class T>
InputMajor<T>::InputMajor(const Kernels<T>& kernels, Index weight, Index in, Index out)
    : kernels_(kernels), weight_(weight), in_(in), out_(out), row_(padded(kernels, out)) {}

template <class T>
void InputMajor<T>::begin(const T* w, std::uint64_t start, T pull) {
  start_.grow(in_ * row_);
  w_.grow(in_ * row_);
  places_.grow(2 * in_);
  if (start == 0 || start != transposed_) transpose(w + weight_, out_, in_, in_, start_.data(), row_);
  transposed_ = start;
  pull_ = pull;
  at_start_ = true;
  difference_ = nullptr;
}

template <class T>
void InputMajor<T>::forward(const T* x, Index rows, const T* bias, bool relu, T* y) const {
  kernels_.product({.rows = rows,
                    .columns = out_,
                    .inner = in_,
                    .a = x,
                    .a_row = in_,
                    .a_inner = 1,
                    .b = current(),
                    .b_inner = row_,
                    .c = y,
                    .c_row = out_,
                    .bias = bias,
                    .relu = relu});
}

template <class T>
void InputMajor<T>::backward(const T* x, const T* d, Index rows, T* dx) {
  const T* w = current();
  at_start_ = false;
  if (rows <= most_step_rows)
    return kernels_.input_major_step({.rows = rows,
                                      .in = in_,
                                      .out = out_,
                                      .x = x,
                                      .d = d,
                                      .w = w,
                                      .w_row = row_,
                                      .start = start_.data(),
                                      .pull = pull_,
                                      .difference = difference_ != nullptr,
                                      .dx = dx,
                                      .c = difference_ ? difference_ : w_.data(),
                                      .c_row = difference_ ? out_ : row_,
                                      .places = places_.data()});
  kernels_.dot_product({.rows = rows, .columns = in_, .inner = out_, .a = d, .a_row = out_, .b = w, .b_row = row_,
                        .c = dx, .c_row = in_});
  kernels_.product({.rows = in_,
                    .columns = out_,
                    .inner = rows,
                    .a = x,
                    .a_row = 1,
                    .a_inner = in_,
                    .b = d,
                    .b_inner = out_,
                    .c = w_.data(),
                    .c_row = row_,
                    .write = Write::sgd,
                    .descent = {.lr = 1, .weight_decay = 0, .prox = pull_, .w = w, .anchor = start_.data(), .linear = nullptr}});
  if (difference_) subtract_start(difference_, out_);
}

/// to [in, to_row] = W' - W0'.
template <class T>
void InputMajor<T>::subtract_start(T* to, Index to_row) const {
  for (Index i = 0; i < in_; ++i)
    for (Index j = 0; j < out_; ++j) to[i * to_row + j] = w_.data()[i * row_ + j] - start_.data()[i * row_ + j];
}

template <class T>
void InputMajor<T>::write(bool difference, T* flat) const {
  if (!difference) return transpose(w_.data(), in_, out_, row_, flat + weight_, in_);
  Buffer change(static_cast<std::size_t>(in_ * out_) * sizeof(T));
  T* values = static_cast<T*>(change.data());
  subtract_start(values, out_);
  transpose(values, in_, out_, out_, flat + weight_, in_);
}

template class InputMajor<float>;
template class InputMajor<double>;

}  // namespace fedsim::compiled
