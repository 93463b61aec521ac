// y = x W' + b on the last dimension. x [rows, in], W [out, in] as torch stores it.
#include <fmt/format.h>

#include <algorithm>

#include "train/compiled/dual.h"
#include "train/compiled/input_major.h"
#include "train/compiled/node.h"

namespace fedsim::compiled {

namespace {

template <class T>
Descent<T> descent_at(const Pass<T>& pass, Index offset) {
  const Fused<T>& fused = *pass.fused;
  return {.lr = fused.lr,
          .weight_decay = fused.weight_decay,
          .prox = fused.prox,
          .w = pass.w + offset,
          .anchor = fused.anchor ? fused.anchor + offset : nullptr,
          .linear = fused.linear ? fused.linear + offset : nullptr,
          .origin = fused.origin ? fused.origin + offset : nullptr};
}

}  // namespace

template <class T>
void weight_gradient(const Pass<T>& pass, Index offset, Product<T> p) {
  if (pass.fused) {
    p.write = Write::sgd;
    p.c = pass.fused->at(offset);
    p.descent = descent_at(pass, offset);
  } else {
    p.write = Write::store;
    p.c = pass.gradient + offset;
  }
  pass.kernels.product(p);
}

template <class T>
void bias_gradient(const Pass<T>& pass, Index offset, const T* d, Index rows, Index columns, T* room) {
  T* sums = pass.fused ? room : pass.gradient + offset;
  pass.kernels.column_sums(d, rows, columns, sums);
  if (pass.fused)
    pass.kernels.descend(descent_at(pass, offset), columns, T(1), sums, T(0), nullptr,
                         pass.fused->at(offset));
}

template void weight_gradient<float>(const Pass<float>&, Index, Product<float>);
template void weight_gradient<double>(const Pass<double>&, Index, Product<double>);
template void bias_gradient<float>(const Pass<float>&, Index, const float*, Index, Index, float*);
template void bias_gradient<double>(const Pass<double>&, Index, const double*, Index, Index, double*);

namespace {

template <class T>
class Linear final : public Node<T> {
 public:
  Linear(const Layer& layer, const Network& network)
      : rows_(layer.in.size() == 2 ? layer.in[0] : 1),
        in_(layer.in.back()),
        out_(layer.out.back()),
        weight_(offset_of(layer, network, 0)),
        bias_(layer.bias ? offset_of(layer, network, 1) : -1) {
    if (layer.in.size() > 2)
      throw Refusal{fmt::format("'{}' on {} is not compiled", layer.text, to_string(layer.in))};
  }

  void reserve(Index count) override {
    y_.grow(count * rows_ * out_);
    dx_.grow(count * rows_ * in_);
    sums_.grow(out_);
  }

  const T* forward(const Pass<T>& pass, const T* x) override {
    x_ = x ? Inputs<T>{.numbers = x} : pass.inputs;
    if (in_dual_form(pass)) {
      pass.dual->forward({pass.places, static_cast<std::size_t>(pass.count)}, bias_ < 0 ? nullptr : pass.w + bias_, relu_,
                         y_.data());
      return y_.data();
    }
    if (const auto* held = input_major(pass)) {
      held->forward(x, pass.count * rows_, bias_ < 0 ? nullptr : pass.w + bias_, relu_, y_.data());
      return y_.data();
    }
    pass.kernels.dot_product({.rows = pass.count * rows_,
                              .columns = out_,
                              .inner = in_,
                              .a = x_.numbers,
                              .a_row = in_,
                              .a_bytes = x_.bytes,
                              .coming = x_.coming,
                              .unit = x_.unit,
                              .b = pass.w + weight_,
                              .b_row = in_,
                              .c = y_.data(),
                              .c_row = out_,
                              .bias = bias_ < 0 ? nullptr : pass.w + bias_,
                              .relu = relu_});
    return y_.data();
  }

  T* backward(const Pass<T>& pass, T* dy, bool need_dx) override {
    const Index rows = pass.count * rows_;
    if (relu_) pass.kernels.relu_gradient(y_.data(), dy, rows * out_);
    if (auto* held = pass.factored ? nullptr : input_major(pass)) {  // factored: no step is taken
      held->backward(x_.numbers, dy, rows, dx_.data());
      if (bias_ >= 0) bias_gradient(pass, bias_, dy, rows, out_, sums_.data());
      return dx_.data();
    }
    if (need_dx)  // before the weights change
      pass.kernels.product({.rows = rows,
                            .columns = in_,
                            .inner = out_,
                            .a = dy,
                            .a_row = out_,
                            .a_inner = 1,
                            .b = pass.w + weight_,
                            .b_inner = in_,
                            .c = dx_.data(),
                            .c_row = in_});
    const bool dual = in_dual_form(pass);
    if (dual) pass.dual->backward(dy);
    if (pass.factored) {
      if (dual)
        factor_ = pass.dual->factor();
      else
        factor_ = {.weight = weight_, .rows = rows, .out = out_, .in = in_, .d = dy, .d_row = out_, .x = x_};
      factor_.bias = bias_;
      return need_dx ? dx_.data() : nullptr;
    }
    if (bias_ >= 0) bias_gradient(pass, bias_, dy, rows, out_, sums_.data());
    if (dual) return nullptr;
    if (x_.unit != 1)
      for (Index i = 0; i < rows * out_; ++i) dy[i] *= x_.unit;
    weight_gradient<T>(pass, weight_,
                       {.rows = out_,
                        .columns = in_,
                        .inner = rows,
                        .a = dy,
                        .a_row = 1,
                        .a_inner = out_,
                        .b = x_.numbers,
                        .b_inner = in_,
                        .b_bytes = x_.bytes,
                        .c = nullptr,
                        .c_row = in_});
    return need_dx ? dx_.data() : nullptr;
  }

  bool absorb_relu() override { return relu_ ? false : (relu_ = true); }
  void factors(std::vector<Factor<T>>& list) const override { list.push_back(factor_); }

 private:
  /// This layer where the run holds it so.
  InputMajor<T>* input_major(const Pass<T>& pass) const {
    const auto found = std::find_if(pass.input_major.begin(), pass.input_major.end(),
                                    [this](const auto& layer) { return layer.weight() == weight_; });
    return found == pass.input_major.end() ? nullptr : &*found;
  }
  bool in_dual_form(const Pass<T>& pass) const { return pass.dual != nullptr && pass.dual->weight() == weight_; }

  Index rows_, in_, out_, weight_, bias_;  // rows of one sample; offsets in the flat vector, bias -1: none
  bool relu_ = false;
  Inputs<T> x_;
  Factor<T> factor_{};
  Room<T> y_, dx_, sums_;
};

}  // namespace

template <class T>
NodePtr<T> make_linear(const Layer& layer, const Network& network) {
  return std::make_unique<Linear<T>>(layer, network);
}
template NodePtr<float> make_linear(const Layer&, const Network&);
template NodePtr<double> make_linear(const Layer&, const Network&);

}  // namespace fedsim::compiled
