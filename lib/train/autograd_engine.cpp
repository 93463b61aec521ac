#include "train/autograd_engine.h"

#include "train/torch_device.h"
#include "train/torch_learner.h"
#include "train/torch_tensor.h"

namespace fedsim {
namespace {

/// The layers of a Network on ATen, as torch::nn's modules call it.
class NetworkModel final : public TorchModel {
 public:
  NetworkModel(const Network& network, const std::string& where, Dtype type) : network_(network) {
    input = network.input;
    classes = network.classes;
    targets = network.targets;
    tokens = network.layers.front().kind == LayerKind::embedding;
    dtype = type;
    device = at::Device(where);
    const auto options = at::TensorOptions(scalar_type(type)).device(device);
    for (const auto& parameter : network.parameters)
      parameters.push_back({parameter.name, at::zeros(parameter.shape, options).set_requires_grad(parameter.trainable),
                            parameter.trainable});
  }

  at::Tensor forward(const at::Tensor& x, Pass pass, const RandomStream& dropout) override {
    pass_ = pass;
    dropout_ = Random(dropout);
    return chain(network_.layers, x);
  }

 private:
  at::Tensor chain(const std::vector<Layer>& layers, at::Tensor x) {
    for (const auto& layer : layers) x = apply(layer, x);
    return x;
  }

  /// The i-th parameter of a layer; undefined where it has none.
  at::Tensor p(const Layer& layer, std::size_t i) const {
    if (i >= layer.parameters.size()) return {};
    return parameters[static_cast<std::size_t>(layer.parameters[i])].value;
  }

  at::Tensor apply(const Layer& layer, const at::Tensor& x) {
    const at::IntArrayRef kernel(layer.kernel), stride(layer.stride), padding(layer.padding);
    switch (layer.kind) {
      case LayerKind::linear: return at::linear(x, p(layer, 0), p(layer, 1));
      case LayerKind::conv: return at::conv2d(x, p(layer, 0), p(layer, 1), stride, padding);
      case LayerKind::maxpool: return at::max_pool2d(x, kernel, stride, padding);
      case LayerKind::avgpool: return at::avg_pool2d(x, kernel, stride, padding);
      case LayerKind::globalpool: return at::mean(x, {2, 3});
      case LayerKind::flatten: return at::flatten(x, 1);
      case LayerKind::relu: return at::relu(x);
      case LayerKind::gelu: return at::gelu(x);
      case LayerKind::tanh: return at::tanh(x);
      case LayerKind::dropout: return pass_ == Pass::train && layer.rate > 0 ? drop(x, layer.rate) : x;
      case LayerKind::groupnorm: return at::group_norm(x, layer.size, p(layer, 0), p(layer, 1));
      case LayerKind::batchnorm: return batch_norm(layer, x);
      case LayerKind::layernorm: return at::layer_norm(x, {layer.in.back()}, p(layer, 0), p(layer, 1));
      case LayerKind::embedding: return at::embedding(p(layer, 0), x);
      case LayerKind::lstm: return lstm(layer, x);
      case LayerKind::last: return x.select(1, -1);
      case LayerKind::residual: {
        const at::Tensor body = chain(layer.body, x);  // first: its dropout layers draw first
        return at::add(body, chain(layer.shortcut, x));
      }
    }
    return x;
  }

  /// torch's: momentum 0.1, eps 1e-5. A training batch of one value a channel has no variance: statistics are used.
  at::Tensor batch_norm(const Layer& layer, const at::Tensor& x) const {
    const bool train = pass_ == Pass::train && x.numel() > x.size(1);
    return at::batch_norm(x, p(layer, 0), p(layer, 1), p(layer, 2), p(layer, 3), train, 0.1, 1e-5, true);
  }

  at::Tensor lstm(const Layer& layer, const at::Tensor& x) const {
    std::vector<at::Tensor> weights;
    for (std::size_t i = 0; i < layer.parameters.size(); ++i) weights.push_back(p(layer, i));
    const at::Tensor zero = at::zeros({layer.width, x.size(0), layer.size}, x.options());
    // cuDNN differentiates only what ran in training mode; without dropout between layers the mode changes nothing.
    return std::get<0>(at::lstm(x, {zero, zero}, weights, /*has_biases=*/true, layer.width, /*dropout=*/0.0,
                                /*train=*/pass_ != Pass::evaluate, /*bidirectional=*/false, /*batch_first=*/true));
  }

  /// Inverted dropout with a mask from our own stream: at::dropout takes no generator.
  at::Tensor drop(const at::Tensor& x, double rate) {
    at::Tensor mask = at::empty(x.sizes(), at::TensorOptions(x.scalar_type()));
    const double kept = 1.0 / (1.0 - rate);
    const auto threshold = static_cast<std::uint64_t>(rate * 4294967296.0);  // 2^32
    const auto fill = [&](auto* values) {
      for (std::int64_t i = 0; i < mask.numel(); ++i)
        values[i] = static_cast<std::remove_pointer_t<decltype(values)>>(dropout_.bits32() < threshold ? 0 : kept);
    };
    if (dtype == Dtype::float32) fill(mask.mutable_data_ptr<float>());
    if (dtype == Dtype::float64) fill(mask.mutable_data_ptr<double>());
    return x.mul(mask.to(device));
  }

  const Network& network_;
  Pass pass_ = Pass::evaluate;
  Random dropout_{0, Purpose::dropout};
};

class AutogradEngine final : public Engine {
 public:
  AutogradEngine(Network network, std::string device, Dtype dtype)
      : network_(std::move(network)), device_(std::move(device)), dtype_(dtype) {
    instruction_set = torch_instruction_set();
  }
  std::unique_ptr<Learner> learner() const override {
    return make_torch_learner(std::make_unique<NetworkModel>(network_, device_, dtype_));
  }
  Vec initial(std::uint64_t seed) const override { return initial_parameters(network_, seed, dtype_); }
  std::string trainer() const override { return "autograd"; }
  std::string device() const override { return device_; }
  std::vector<Tensor> tensors() const override {
    std::vector<Tensor> list;
    for (const auto& parameter : network_.parameters) list.push_back({parameter.name, parameter.shape});
    return list;
  }

 private:
  Network network_;
  std::string device_;
  Dtype dtype_;
};

}  // namespace

std::unique_ptr<Engine> make_autograd_engine(Network network, const std::string& device, Dtype dtype) {
  return std::make_unique<AutogradEngine>(std::move(network), device, dtype);
}

}  // namespace fedsim
