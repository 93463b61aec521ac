// A model as data: a list of layers with their shapes and the place of each parameter in one flat vector. Torch-free;
// the autograd trainer and the compiled trainer both read it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/options.h"
#include "core/random.h"
#include "core/registry.h"
#include "core/vec.h"
#include "data/dataset.h"

namespace fedsim {

/// How a parameter starts. bound, value: of the uniform distribution and the constant.
struct Init {
  enum class Kind { uniform, normal, constant } kind = Kind::constant;
  double value = 0;  // U(-value, value), N(0, value^2), or the constant
};

struct Parameter {
  std::string name;  // "0.weight": layer path and role, as in a torch Sequential state_dict
  Shape shape;
  std::int64_t offset = 0;  // in the flat vector
  Init init;
  bool trainable = true;  // false: running statistics of batch norm, averaged but not trained
};

enum class LayerKind {
  linear,     // in -> out                                 weight [out, in], bias [out]
  conv,       // filters, kernel, stride, padding          weight [out, in, k, k], bias [out]
  maxpool,    // kernel, stride, padding
  avgpool,    // kernel, stride, padding
  globalpool, // mean over height and width
  flatten,
  relu, gelu, tanh,
  dropout,    // rate
  groupnorm,  // groups                                    weight [c], bias [c]
  batchnorm,  //                                           weight, bias, running_mean, running_var [c]
  layernorm,  //                                           weight, bias [last dimension]
  embedding,  // vocabulary, width                         weight [vocabulary, width]
  lstm,       // hidden, layers (batch first)              torch's weight_ih, weight_hh, bias_ih, bias_hh
  last,       // last position of a sequence [t, h] -> [h]
  residual,   // body + shortcut (identity where empty), then nothing: an activation is a layer of its own
};

struct Layer {
  LayerKind kind;
  std::string text;  // as written, for messages: "conv 32 5 same"
  Shape in{}, out{};  // of one sample
  std::int64_t size = 0;                       // filters, units, groups, vocabulary, hidden
  std::int64_t width = 0;                      // embedding width, lstm layers
  std::int64_t kernel = 0, stride = 1, padding = 0;
  bool bias = true;
  double rate = 0;                             // dropout
  std::vector<int> parameters{};               // indices into Network::parameters, in torch's order
  std::vector<Layer> body{}, shortcut{};       // residual
};

struct Network {
  std::vector<Layer> layers;
  std::vector<Parameter> parameters;
  std::int64_t size = 0;  // d, elements of the flat vector
  Shape input;
  std::int64_t classes = 0;
  std::int64_t targets = 1;
  bool has_dropout = false;
  bool has_batchnorm = false;
};

/// Parses a layer list ("conv 32 5 same", "relu", "maxpool 2", ..., "linear 10"; a residual block is
/// "residual(conv 16 3 same, relu, ... | conv 16 1)") against the shape of a sample. Throws OptionError("layers", ...)
/// that names the layer, both shapes and what would fit. The last shape must be [classes] (or [targets, classes]).
Network build_network(const std::vector<std::string>& layers, const Dataset& data);

/// The parameters' first values, from Purpose::model_init of the seed, client = index of the parameter.
Vec initial_parameters(const Network& network, std::uint64_t seed, Dtype dtype);

/// A shipped model: a name for a layer list that may depend on the data's shape and classes.
class ModelTemplate {
 public:
  virtual ~ModelTemplate() = default;
  virtual std::vector<std::string> layers(const Dataset& data) const = 0;
};

}  // namespace fedsim
