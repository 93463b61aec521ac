// A hidden linear layer behind a ReLU, whose weights a run of plain SGD holds by inputs, W' [in, out]. Inputs that are 0, a
// third and more of them, neither change their weights nor take a gradient: a step passes over them, and over the weights once
// for both.
#pragma once

#include "train/compiled/node.h"

namespace fedsim::compiled {

template <class T>
class InputMajor {
 public:
  /// W [out, in] at `weight` of the flat vector.
  InputMajor(const Kernels<T>& kernels, Index weight, Index in, Index out);

  Index weight() const { return weight_; }

  /// Begins a run at the flat vector w, which has this number if it is handed out more than once (0: it is not). pull: lr prox
  /// of a proximal term that pulls to w.
  void begin(const T* w, std::uint64_t start, T pull);
  /// The next step is the last, and writes W' - W0' [in, out] here, rows one after the other.
  void write_difference_to(T* columns) { difference_ = columns; }

  /// y [rows, out] = x W' + bias (null: none), with ReLU where asked for.
  void forward(const T* x, Index rows, const T* bias, bool relu, T* y) const;
  /// A step: d [rows, out] is -lr times the gradients of the outputs for x [rows, in]. Writes dx [rows, in] = d W, W as it was,
  /// where x is not 0.
  void backward(const T* x, const T* d, Index rows, T* dx);

  /// Writes W, or W - W0, to its place in the flat vector.
  void write(bool difference, T* flat) const;

 private:
  const T* current() const { return at_start_ ? start_.data() : w_.data(); }
  void subtract_start(T* to, Index to_row) const;

  const Kernels<T>& kernels_;
  Index weight_, in_, out_;
  Index row_;                     // of W': whole vectors
  std::uint64_t transposed_ = 0;  // the start whose W0' is at hand; 0: none
  T pull_ = 0;
  bool at_start_ = true;     // W is W0
  T* difference_ = nullptr;  // where the last step writes, if it does
  Room<T> start_, w_;        // W0', W' [in, row]
  Room<T> places_;           // [2 in], the kernel's
};

}  // namespace fedsim::compiled
