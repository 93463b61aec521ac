#include "train/batched/network.h"

#include <fmt/format.h>

namespace fedsim::batched {
namespace {

std::string refusal(const std::vector<Layer>& layers) {
  for (const auto& layer : layers) {
    if (layer.kind == LayerKind::batchnorm) return fmt::format("the batched trainer has no '{}'", layer.text);
    for (const auto* part : {&layer.body, &layer.shortcut})
      if (std::string why = refusal(*part); !why.empty()) return why;
  }
  return {};
}

/// x w' + b for each client: x [m, n, in], w [m, out, in], b [m, out] or undefined.
at::Tensor product(const at::Tensor& x, const at::Tensor& w, const at::Tensor& b) {
  const at::Tensor w_t = w.transpose(1, 2);
  return b.defined() ? at::baddbmm(b.unsqueeze(1), x, w_t) : at::bmm(x, w_t);
}

/// [m, B, c, h, w] as one batch of B * m images, and back: no copy where memory is [B, m, ...].
at::Tensor merge(const at::Tensor& x) { return x.transpose(0, 1).flatten(0, 1); }
at::Tensor part(const at::Tensor& images, std::int64_t m) {
  return images.unflatten(0, {images.size(0) / m, m}).transpose(0, 1);
}

class Forward {
 public:
  Forward(const std::vector<at::Tensor>& weights, const Dropout& dropout)
      : weights_(weights), dropout_(dropout) {}

  at::Tensor chain(const std::vector<Layer>& layers, at::Tensor x) {
    for (const auto& layer : layers) x = apply(layer, x);
    return x;
  }

 private:
  /// The i-th parameter of a layer, [m, ...]; undefined where it has none.
  at::Tensor p(const Layer& layer, std::size_t i) const {
    return i < layer.parameters.size() ? weights_[static_cast<std::size_t>(layer.parameters[i])]
                                       : at::Tensor();
  }

  at::Tensor apply(const Layer& layer, const at::Tensor& x) {
    const at::IntArrayRef kernel(layer.kernel), stride(layer.stride), padding(layer.padding);
    const std::int64_t m = x.size(0);
    switch (layer.kind) {
      case LayerKind::linear:
        return linear(layer, x);
      case LayerKind::conv:
        return conv(layer, x);
      case LayerKind::maxpool:
        return part(at::max_pool2d(merge(x), kernel, stride, padding), m);
      case LayerKind::avgpool:
        return part(at::avg_pool2d(merge(x), kernel, stride, padding), m);
      case LayerKind::globalpool:
        return at::mean(x, {3, 4});
      case LayerKind::flatten:
        return at::flatten(x, 2);
      case LayerKind::relu:
        return at::relu(x);
      case LayerKind::gelu:
        return at::gelu(x);
      case LayerKind::tanh:
        return at::tanh(x);
      case LayerKind::dropout:
        return dropout_.stream && layer.rate > 0 ? drop(layer, x) : x;
      case LayerKind::groupnorm:
        return affine(layer, part(at::group_norm(merge(x), layer.size), m), 2);
      case LayerKind::layernorm:
        return affine(layer, at::layer_norm(x, {layer.in.back()}), x.dim() - 1);
      case LayerKind::embedding:
        return embedding(layer, x);
      case LayerKind::lstm:
        return lstm(layer, x);
      case LayerKind::last:
        return x.select(2, -1);
      case LayerKind::residual: {
        const at::Tensor body = chain(layer.body, x);  // first: its dropout layers draw first
        return body + chain(layer.shortcut, x);
      }
      case LayerKind::batchnorm:
        break;  // refused
    }
    TORCH_CHECK(false, "no such layer: ", layer.text);
  }

  at::Tensor linear(const Layer& layer, const at::Tensor& x) const {
    const at::Tensor y = product(x.dim() == 3 ? x : x.flatten(1, -2), p(layer, 0), p(layer, 1));
    return x.dim() == 3 ? y : y.unflatten(1, x.sizes().slice(1, static_cast<std::size_t>(x.dim()) - 2));
  }

  /// Client k is group k of one grouped convolution.
  at::Tensor conv(const Layer& layer, const at::Tensor& x) const {
    const std::int64_t m = x.size(0);
    const at::Tensor w = p(layer, 0).flatten(0, 1), b = p(layer, 1);  // [m * out, in, k, k], [m, out]
    const std::vector<std::int64_t> stride(2, layer.stride), padding(2, layer.padding), dilation(2, 1);
    const at::Tensor y = at::conv2d(x.transpose(0, 1).flatten(1, 2), w, b.defined() ? b.flatten() : b, stride,
                                    padding, dilation, m);
    return y.unflatten(1, {m, y.size(1) / m}).transpose(0, 1);
  }

  /// x weight + bias along dimension `at`, of each client's own.
  at::Tensor affine(const Layer& layer, const at::Tensor& x, std::int64_t at) const {
    std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
    shape[0] = x.size(0);
    shape[static_cast<std::size_t>(at)] = x.size(at);
    return at::addcmul(p(layer, 1).reshape(shape), x, p(layer, 0).reshape(shape));
  }

  /// One table of all clients' rows.
  at::Tensor embedding(const Layer& layer, const at::Tensor& x) const {
    const at::Tensor table = p(layer, 0);
    const at::Tensor first = at::arange(x.size(0), x.options()).mul(table.size(1)).reshape({-1, 1, 1});
    return at::embedding(table.flatten(0, 1), x + first);
  }

  at::Tensor lstm(const Layer& layer, at::Tensor x) const {
    for (std::size_t i = 0; i < static_cast<std::size_t>(layer.width); ++i)
      x = lstm_layer(x, p(layer, 4 * i), p(layer, 4 * i + 1), p(layer, 4 * i + 2), p(layer, 4 * i + 3));
    return x;
  }

  /// torch's LSTM, gates in the order input, forget, cell, output; state starts at zero. x: [m, B, t, in].
  static at::Tensor lstm_layer(const at::Tensor& x, const at::Tensor& w_ih, const at::Tensor& w_hh,
                               const at::Tensor& b_ih, const at::Tensor& b_hh) {
    const std::int64_t batch = x.size(1), times = x.size(2);
    const at::Tensor inputs = product(x.flatten(1, 2), w_ih, b_ih + b_hh).unflatten(1, {batch, times});
    const std::vector<at::Tensor> input = inputs.unbind(2);  // backwards one stack; select would write all of it for each
    const at::Tensor w_t = w_hh.transpose(1, 2);
    at::Tensor h, c;
    std::vector<at::Tensor> outputs;
    for (std::int64_t t = 0; t < times; ++t) {
      const at::Tensor& now = input[static_cast<std::size_t>(t)];
      const auto gates = (h.defined() ? at::baddbmm(now, h, w_t) : now).chunk(4, -1);
      const at::Tensor fresh = at::sigmoid(gates[0]) * at::tanh(gates[2]);
      c = c.defined() ? at::addcmul(fresh, at::sigmoid(gates[1]), c) : fresh;
      h = at::sigmoid(gates[3]) * at::tanh(c);
      outputs.push_back(h);
    }
    return at::stack(outputs, 2);
  }

  /// Inverted dropout, a word a value in the order of [samples, layer.in] of each client, as in the other
  /// trainers.
  at::Tensor drop(const Layer& layer, const at::Tensor& x) {
    const std::int64_t size = elements(layer.in);
    const at::Tensor first = dropout_.counts * drawn_;
    drawn_ += size;
    const auto threshold = static_cast<std::int64_t>(layer.rate * 4294967296.0);  // 2^32
    const at::Tensor kept = dropout_words(*dropout_.stream, first, x.size(1) * size).ge(threshold);
    return x * kept.reshape(x.sizes()).to(x.scalar_type()).mul(1.0 / (1.0 - layer.rate));
  }

  const std::vector<at::Tensor>& weights_;
  const Dropout& dropout_;
  std::int64_t drawn_ = 0;  // words a sample, by the dropout layers so far
};

}  // namespace

std::string refusal(const Network& network) { return refusal(network.layers); }

at::Tensor logits(const Network& network, const std::vector<at::Tensor>& weights, const at::Tensor& x,
                  const Dropout& dropout) {
  return Forward(weights, dropout).chain(network.layers, x);
}

}  // namespace fedsim::batched
