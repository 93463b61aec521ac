#include "model/layer_shapes.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"

namespace fedsim {
namespace {

/// One layer on its way into the network.
struct Placer {
  Layer& layer;
  const std::string& path;
  const std::string& where;
  const Dataset& data;
  Network& network;

  [[noreturn]] void fail(const std::string& message, const std::string& help) const {
    throw OptionError{"layers", fmt::format("{} \"{}\": {}", where, layer.text, message), help};
  }
  /// "needs an image [channels, height, width], got 784".
  [[noreturn]] void misfit(const std::string& needs, const std::string& help) const {
    fail(fmt::format("needs {}, got {}", needs, to_string(layer.in)), help);
  }

  void parameter(const std::string& role, Shape shape, Init init, bool trainable = true) {
    Parameter made{.name = fmt::format("{}.{}", path, role),
                   .shape = std::move(shape),
                   .offset = network.size,
                   .init = init,
                   .trainable = trainable};
    network.size += elements(made.shape);
    if (network.size > (std::int64_t{1} << 32))
      fail(fmt::format("the model would have over {} parameters", network.size), "make the layers smaller");
    layer.parameters.push_back(static_cast<int>(network.parameters.size()));
    network.parameters.push_back(std::move(made));
  }
  /// torch's default for linear and conv, kaiming_uniform(a = sqrt 5): U(-1/sqrt(fan_in), 1/sqrt(fan_in)).
  static Init by_fan_in(std::int64_t fan_in) {
    return {Init::Kind::uniform, 1.0 / std::sqrt(static_cast<double>(fan_in))};
  }
  void scale_and_shift(std::int64_t n) {
    parameter("weight", {n}, {Init::Kind::constant, 1});
    parameter("bias", {n}, {Init::Kind::constant, 0});
  }

  const Shape& image() const {
    if (layer.in.size() != 3) misfit("an image [channels, height, width]", "it must stand before \"flatten\"");
    return layer.in;
  }
  /// Channels, height and width after a window of the layer's kernel, stride and padding.
  Shape windowed(std::int64_t channels) const {
    const Shape& in = image();
    Shape out{channels, 0, 0};
    for (std::size_t side = 1; side < 3; ++side) {
      const std::int64_t room = in[side] + 2 * layer.padding - layer.kernel;
      if (room < 0)
        misfit(fmt::format("at least {0}x{0} pixels", layer.kernel - 2 * layer.padding),
               "a smaller kernel, or more padding (pad=P)");
      out[side] = room / layer.stride + 1;
    }
    return out;
  }

  void linear() {
    if (layer.in.size() > 2)
      misfit("a vector [n] or a sequence [t, n]", fmt::format("put \"flatten\" before it: {} numbers", elements(layer.in)));
    const std::int64_t in = layer.in.back();
    parameter("weight", {layer.size, in}, by_fan_in(in));
    if (layer.bias) parameter("bias", {layer.size}, by_fan_in(in));
    layer.out = layer.in;
    layer.out.back() = layer.size;
  }
  void conv() {
    layer.out = windowed(layer.size);
    const std::int64_t fan_in = layer.in[0] * layer.kernel * layer.kernel;
    parameter("weight", {layer.size, layer.in[0], layer.kernel, layer.kernel}, by_fan_in(fan_in));
    if (layer.bias) parameter("bias", {layer.size}, by_fan_in(fan_in));
  }
  void pool() {
    if (2 * layer.padding > layer.kernel)
      fail(fmt::format("the padding can be at most half of the kernel ({})", layer.kernel / 2), "");
    layer.out = windowed(image()[0]);
  }
  void groupnorm() {
    const std::int64_t channels = layer.in[0];
    if (layer.in.size() != 1 && layer.in.size() != 3) misfit("a vector or an image", "");
    if (channels % layer.size != 0)
      misfit(fmt::format("channels that {} groups divide", layer.size), fmt::format("{} channels came in", channels));
    layer.out = layer.in;
    scale_and_shift(channels);
  }
  void batchnorm() {
    if (layer.in.size() != 1 && layer.in.size() != 3) misfit("a vector or an image", "");
    layer.out = layer.in;
    scale_and_shift(layer.in[0]);
    parameter("running_mean", {layer.in[0]}, {Init::Kind::constant, 0}, false);
    parameter("running_var", {layer.in[0]}, {Init::Kind::constant, 1}, false);
    network.has_batchnorm = true;
  }
  void layernorm() {
    if (layer.in.size() > 2) misfit("a vector [n] or a sequence [t, n]", "put \"flatten\" before it, or use groupnorm 1");
    layer.out = layer.in;
    scale_and_shift(layer.in.back());
  }
  void embedding() {
    if (data.vocabulary == 0 || &layer != &network.layers.front())
      misfit("token ids, straight from a text dataset", "for numbers use \"linear\"");
    if (layer.in.size() != 1) misfit("a sequence of token ids [t]", "");
    if (layer.size == 0) layer.size = data.vocabulary;
    if (layer.size < data.vocabulary)
      fail(fmt::format("the data has {} tokens", data.vocabulary),
           fmt::format("write \"embedding {}\"", layer.width));
    layer.out = {layer.in[0], layer.width};
    parameter("weight", {layer.size, layer.width}, {Init::Kind::normal, 1});
  }
  void lstm() {
    if (layer.in.size() != 2) misfit("a sequence [t, n]", "put \"embedding WIDTH\" before it, for tokens");
    const Init init = by_fan_in(layer.size);  // torch: U(-1/sqrt(hidden), 1/sqrt(hidden)) for all four
    for (std::int64_t k = 0; k < layer.width; ++k) {
      const std::int64_t in = k == 0 ? layer.in[1] : layer.size;
      parameter(fmt::format("weight_ih_l{}", k), {4 * layer.size, in}, init);
      parameter(fmt::format("weight_hh_l{}", k), {4 * layer.size, layer.size}, init);
      parameter(fmt::format("bias_ih_l{}", k), {4 * layer.size}, init);
      parameter(fmt::format("bias_hh_l{}", k), {4 * layer.size}, init);
    }
    layer.out = {layer.in[0], layer.size};
  }
  void residual() {
    const auto chain = [&](std::vector<Layer>& layers, const char* name) {
      Shape shape = layer.in;
      for (std::size_t i = 0; i < layers.size(); ++i) {
        place_layer(layers[i], shape, fmt::format("{}.{}.{}", path, name, i),
                    fmt::format("{}, {} {}", where, name, i + 1), data, network);
        shape = layers[i].out;
      }
      return shape;
    };
    const Shape body = chain(layer.body, "body"), shortcut = chain(layer.shortcut, "shortcut");
    if (body != shortcut)
      fail(fmt::format("the body gives {}, the shortcut {}", to_string(body), to_string(shortcut)),
           "both must give one shape: residual(... | conv FILTERS 1 stride=S)");
    layer.out = body;
  }

  void place() {
    switch (layer.kind) {
      case LayerKind::linear: return linear();
      case LayerKind::conv: return conv();
      case LayerKind::maxpool:
      case LayerKind::avgpool: return pool();
      case LayerKind::globalpool: layer.out = {image()[0]}; return;
      case LayerKind::flatten: layer.out = {elements(layer.in)}; return;
      case LayerKind::dropout: network.has_dropout = network.has_dropout || layer.rate > 0; break;
      case LayerKind::relu:
      case LayerKind::gelu:
      case LayerKind::tanh: break;
      case LayerKind::groupnorm: return groupnorm();
      case LayerKind::batchnorm: return batchnorm();
      case LayerKind::layernorm: return layernorm();
      case LayerKind::embedding: return embedding();
      case LayerKind::lstm: return lstm();
      case LayerKind::last:
        if (layer.in.size() != 2) misfit("a sequence [t, n]", "it picks the last position after lstm");
        layer.out = {layer.in[1]};
        return;
      case LayerKind::residual: return residual();
    }
    layer.out = layer.in;
  }
};

}  // namespace

void place_layer(Layer& layer, const Shape& in, const std::string& path, const std::string& where, const Dataset& data,
                 Network& network) {
  layer.in = in;
  Placer{layer, path, where, data, network}.place();
}

}  // namespace fedsim
