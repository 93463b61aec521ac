// The first layer of a model in dual form. Under plain SGD a linear layer on the samples themselves stays
//   W = W0 + D' X,
// X [m, in] the client's samples, D [m, out] the sums of -lr times the gradients of their outputs. So its outputs for the
// samples S are  X_S W' = X_S W0' + (X_S X') D  and a step is  D_S += d: the weights, nearly all of a small model, are read
// once and not written before the run is over, however many epochs it has. A proximal term that pulls to W0 shortens D by
// 1 - lr prox before each step. A run leaves the change as factors.
#pragma once

#include <span>

#include "train/compiled/factors.h"
#include "train/compiled/lists.h"
#include "train/compiled/node.h"
#include "train/learner.h"

namespace fedsim::compiled {

template <class T>
class Dual {
 public:
  /// W [out, in] at `weight` of the flat vector. `density`: the part of the samples' values that are not 0; as_bytes:
  /// whether `begin` gets bytes where it can read lists of them.
  Dual(const Kernels<T>& kernels, Index weight, Index in, Index out, double density, bool as_bytes);

  /// True where so many samples are read as lists of what is not 0.
  bool lists(Index samples) const { return listed_ && samples >= kernels_.few_listed; }
  /// The same, and bytes where they can be had.
  bool lists_bytes(Index samples) const { return bytes_ && lists(samples); }
  /// True where a run takes fewer multiply-adds in this form.
  bool pays(const RunShape& run) const;
  /// Begins a run at the flat vector w on samples x [m, in]; both must stay until the run is over. keep: 1 - lr prox.
  void begin(const T* w, const Inputs<T>& x, const RunShape& run, T keep);
  Index weight() const { return weight_; }
  Index in() const { return in_; }
  Index out() const { return out_; }

  /// y [count, out] = x W' + bias (null: none), with ReLU where asked for, for the samples of these places in X.
  void forward(std::span<const std::int64_t> places, const T* bias, bool relu, T* y);
  /// d [count, out]: -lr times the gradients of the outputs of the last call of forward.
  void backward(const T* d);

  /// Writes W, or W - W0, to its place in the flat vector.
  void write(bool difference, T* flat) const;
  /// True where the factors are small beside the weights.
  bool is_small() const { return 2 * m_ * (in_ + out_) <= in_ * out_; }
  /// W - W0, once all samples have come. Points into this object, of which it may take D. The bias is not in it.
  Factor<T> factor();
  /// True where the change of this layer comes by columns, in dual form or not.
  bool by_columns() const { return listed_; }

 private:
  void outputs_of_start(const RunShape& run);
  T* rows_of_d() { return static_cast<T*>(d_.data()); }
  const T* rows_of_d() const { return static_cast<const T*>(d_.data()); }

  const Kernels<T>& kernels_;
  Index weight_, in_, out_;
  Index row_;  // of D, Z and W0': whole vectors
  double density_;
  bool bytes_;   // lists are of bytes
  bool listed_;  // products with X leave out its zeros, and the change comes by columns
  const T* w_ = nullptr;                 // W0
  Inputs<T> x_;                          // X
  T keep_ = 1;                           // of D, at a step
  bool repeats_ = false;                 // samples come more than once
  Index m_ = 0, seen_ = 0;               // samples; those before `seen_` have come: D has their rows
  Squares squares_;                      // |W - W0|^2
  std::uint64_t transposed_ = 0;         // the start whose W0' is at hand; 0: none
  std::span<const std::int64_t> batch_;
  Lists<T> lists_;
  Buffer d_;               // D [m, out]
  Room<T> z_, inner_;      // X W0' / unit [m, out], X X' [m, m] (where nothing repeats, column <= row only)
  Room<T> w_transposed_;   // W0' [in, out]
  Room<T> batch_inner_, correction_;  // rows of X X', their product with D
};

}  // namespace fedsim::compiled
