// The layers that a run of plain SGD can hold in forms of their own: the first in dual form, hidden ones by inputs.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "data/dataset.h"
#include "train/compiled/dual.h"
#include "train/compiled/input_major.h"

namespace fedsim::compiled {

/// What a learner knows of the samples before it sees them.
struct Facts {
  explicit Facts(const Dataset& data);
  double density;      // the part of their values that are not 0
  float byte_divisor;  // see Samples
};

/// A flatten at the very front needs no node: samples arrive in torch's layout.
std::vector<Layer> layers_of(const Network& network);

template <class T>
class Forms {
 public:
  Forms(const Kernels<T>& kernels, const Network& network, const Facts& facts);

  /// Begins a run of plain SGD at the flat vector w, in the forms that pay for it. pull: lr prox of a proximal term that
  /// pulls to w. Where dual() is then set, it must be given the samples.
  void begin(const T* w, const RunShape& run, T pull);
  void end();
  Dual<T>* dual() const { return dual_; }
  std::span<InputMajor<T>> input_major() const { return held_; }
  bool holds_all() const { return held_.size() == hidden_.size(); }
  /// Writes the weights held, or what they have changed by, to their places in the flat vector.
  void write(bool difference, T* flat) const;

  /// Outputs of the first layer where it can be in dual form, else 0.
  Index first_outputs() const { return first_ ? first_->out() : 0; }
  Index first_inputs() const { return first_ ? first_->in() : 0; }
  /// True where sealed changes have the weights at this place by columns, whatever form they are held in.
  bool by_columns(Index weight) const;

 private:
  static constexpr Index wide = 32;      // outputs from which a layer is held by inputs
  static constexpr Index few_steps = 4;  // of a run; for more it is worth while to turn weights there and back

  std::optional<Dual<T>> first_;
  Dual<T>* dual_ = nullptr;  // the same, in a run in which it is used
  std::vector<InputMajor<T>> hidden_;
  std::span<InputMajor<T>> held_{};  // the same
};

}  // namespace fedsim::compiled
