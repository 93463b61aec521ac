// LSTM as torch has it, batch first, zero initial state; gates in the order input, forget, cell, output:
//   i, f, o = sigmoid, g = tanh of W_ih x_t + b_ih + W_hh h_{t-1} + b_hh;  c_t = f c_{t-1} + i g;  h_t = o
//   tanh(c_t).
#include "train/compiled/node.h"

namespace fedsim::compiled {
namespace {

/// One layer, [count, time, in] to [count, time, hidden].
template <class T>
class LstmLayer {
 public:
  LstmLayer(Index time, Index in, Index hidden, Index w_ih, Index w_hh, Index b_ih, Index b_hh)
      : time_(time), in_(in), hidden_(hidden), w_ih_(w_ih), w_hh_(w_hh), b_ih_(b_ih), b_hh_(b_hh) {}

  void reserve(Index count) {
    gates_.grow(count * time_ * 4 * hidden_);
    d_gates_.grow(count * time_ * 4 * hidden_);
    c_.grow(count * time_ * hidden_);
    tanh_c_.grow(count * time_ * hidden_);
    h_.grow(count * time_ * hidden_);
    d_h_.grow(count * hidden_);
    d_c_.grow(count * hidden_);
    dx_.grow(count * time_ * in_);
    room_.grow(4 * hidden_);
  }

  const T* forward(const Pass<T>& pass, const T* x) {
    x_ = x;
    const Index gates = 4 * hidden_;
    for (Index j = 0; j < gates; ++j) room_.data()[j] = pass.w[b_ih_ + j] + pass.w[b_hh_ + j];
    pass.kernels.dot_product({.rows = pass.count * time_,
                              .columns = gates,
                              .inner = in_,
                              .a = x,
                              .a_row = in_,
                              .b = pass.w + w_ih_,
                              .b_row = in_,
                              .c = gates_.data(),
                              .c_row = gates,
                              .bias = room_.data()});
    for (Index t = 0; t < time_; ++t) {
      if (t > 0)
        pass.kernels.dot_product({.rows = pass.count,
                                  .columns = gates,
                                  .inner = hidden_,
                                  .a = h_.data() + (t - 1) * hidden_,
                                  .a_row = time_ * hidden_,
                                  .b = pass.w + w_hh_,
                                  .b_row = hidden_,
                                  .c = gates_.data() + t * gates,
                                  .c_row = time_ * gates,
                                  .add = true});
      for (Index n = 0; n < pass.count; ++n) cell(pass, n, t);
    }
    return h_.data();
  }

  T* backward(const Pass<T>& pass, const T* dy, bool need_dx) {
    const Index gates = 4 * hidden_, state = pass.count * hidden_;
    std::memset(d_h_.data(), 0, static_cast<std::size_t>(state) * sizeof(T));
    std::memset(d_c_.data(), 0, static_cast<std::size_t>(state) * sizeof(T));
    for (Index t = time_; t-- > 0;) {
      for (Index n = 0; n < pass.count; ++n) cell_gradient(pass, n, t, dy);
      if (t > 0)  // to h_{t-1}
        pass.kernels.product({.rows = pass.count,
                              .columns = hidden_,
                              .inner = gates,
                              .a = d_gates_.data() + t * gates,
                              .a_row = time_ * gates,
                              .a_inner = 1,
                              .b = pass.w + w_hh_,
                              .b_inner = hidden_,
                              .c = d_h_.data(),
                              .c_row = hidden_});
    }
    if (need_dx)
      pass.kernels.product({.rows = pass.count * time_,
                            .columns = in_,
                            .inner = gates,
                            .a = d_gates_.data(),
                            .a_row = gates,
                            .a_inner = 1,
                            .b = pass.w + w_ih_,
                            .b_inner = in_,
                            .c = dx_.data(),
                            .c_row = in_});
    parameter_gradients(pass);
    return need_dx ? dx_.data() : nullptr;
  }

 private:
  const T* past(Index n, Index t) const { return t > 0 ? c_.data() + (n * time_ + t - 1) * hidden_ : nullptr; }

  void cell(const Pass<T>& pass, Index n, Index t) {
    const Index at = n * time_ + t;
    pass.kernels.lstm_cell({.hidden = hidden_,
                            .gates = gates_.data() + at * 4 * hidden_,
                            .past = past(n, t),
                            .c = c_.data() + at * hidden_,
                            .tanh_c = tanh_c_.data() + at * hidden_,
                            .h = h_.data() + at * hidden_});
  }

  void cell_gradient(const Pass<T>& pass, Index n, Index t, const T* dy) {
    const Index at = n * time_ + t;
    pass.kernels.lstm_cell_gradient({.hidden = hidden_,
                                     .gates = gates_.data() + at * 4 * hidden_,
                                     .past = past(n, t),
                                     .tanh_c = tanh_c_.data() + at * hidden_,
                                     .dy = dy + at * hidden_,
                                     .d_h = d_h_.data() + n * hidden_,
                                     .d_gates = d_gates_.data() + at * 4 * hidden_,
                                     .d_c = d_c_.data() + n * hidden_});
  }

  void parameter_gradients(const Pass<T>& pass) {
    const Index gates = 4 * hidden_;
    weight_gradient<T>(pass, w_ih_,
                       {.rows = gates,
                        .columns = in_,
                        .inner = pass.count * time_,
                        .a = d_gates_.data(),
                        .a_row = 1,
                        .a_inner = gates,
                        .b = x_,
                        .b_inner = in_,
                        .c = nullptr,
                        .c_row = in_});
    weight_gradient<T>(pass, w_hh_,  // d_gates of t with h of t - 1
                       {.rows = gates,
                        .columns = hidden_,
                        .outer = pass.count,
                        .inner = time_ - 1,
                        .a = d_gates_.data() + gates,
                        .a_row = 1,
                        .a_outer = time_ * gates,
                        .a_inner = gates,
                        .b = h_.data(),
                        .b_outer = time_ * hidden_,
                        .b_inner = hidden_,
                        .c = nullptr,
                        .c_row = hidden_});
    bias_gradient(pass, b_ih_, d_gates_.data(), pass.count * time_, gates, room_.data());
    bias_gradient(pass, b_hh_, d_gates_.data(), pass.count * time_, gates, room_.data());
  }

  Index time_, in_, hidden_;
  Index w_ih_, w_hh_, b_ih_, b_hh_;  // offsets in the flat vector
  const T* x_ = nullptr;
  Room<T> gates_, d_gates_;      // [count, time, 4 hidden]
  Room<T> c_, tanh_c_, h_, dx_;  // [count, time, hidden]; dx [count, time, in]
  Room<T> d_h_, d_c_;            // [count, hidden], what comes back from t + 1
  Room<T> room_;                 // [4 hidden]
};

template <class T>
class Lstm final : public Node<T> {
 public:
  Lstm(const Layer& layer, const Network& network) {
    for (std::size_t k = 0; k < static_cast<std::size_t>(layer.width); ++k)
      layers_.emplace_back(layer.in[0], k == 0 ? layer.in[1] : layer.size, layer.size,
                           offset_of(layer, network, 4 * k), offset_of(layer, network, 4 * k + 1),
                           offset_of(layer, network, 4 * k + 2), offset_of(layer, network, 4 * k + 3));
  }
  void reserve(Index count) override {
    for (auto& layer : layers_) layer.reserve(count);
  }
  const T* forward(const Pass<T>& pass, const T* x) override {
    for (auto& layer : layers_) x = layer.forward(pass, x);
    return x;
  }
  T* backward(const Pass<T>& pass, T* dy, bool need_dx) override {
    for (std::size_t k = layers_.size(); k-- > 0;) dy = layers_[k].backward(pass, dy, need_dx || k > 0);
    return dy;
  }

 private:
  std::vector<LstmLayer<T>> layers_;
};

}  // namespace

template <class T>
NodePtr<T> make_lstm(const Layer& layer, const Network& network) {
  return std::make_unique<Lstm<T>>(layer, network);
}
template NodePtr<float> make_lstm(const Layer&, const Network&);
template NodePtr<double> make_lstm(const Layer&, const Network&);

}  // namespace fedsim::compiled
