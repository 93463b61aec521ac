#include "model/network.h"

#include <fmt/format.h>

#include "core/error.h"
#include "model/layer_shapes.h"
#include "model/layer_text.h"

namespace fedsim {
namespace {

void check_output(const Network& network, const Dataset& data) {
  const Shape wanted = data.targets == 1 ? Shape{data.classes} : Shape{data.targets, data.classes};
  const Layer& last = network.layers.back();
  if (last.out == wanted) return;
  throw OptionError{"layers",
                    fmt::format("the last layer \"{}\" gives {}, but {} has {} classes{}: it must give {}", last.text,
                                to_string(last.out), data.name, data.classes,
                                data.targets == 1 ? "" : fmt::format(" at each of {} positions", data.targets),
                                to_string(wanted)),
                    fmt::format("end with \"linear {}\"", data.classes)};
}

}  // namespace

Network build_network(const std::vector<std::string>& layers, const Dataset& data) {
  if (layers.empty()) throw OptionError{"layers", "the list is empty", "it must end with \"linear CLASSES\""};
  Network network;
  network.input = data.sample_shape;
  network.classes = data.classes;
  network.targets = data.targets;
  for (std::size_t i = 0; i < layers.size(); ++i)
    network.layers.push_back(parse_layer(layers[i], fmt::format("layer {}", i + 1)));
  if (data.vocabulary > 0 && network.layers[0].kind != LayerKind::embedding)
    throw OptionError{"layers",
                      fmt::format("layer 1 \"{}\": {} holds token ids, which are no quantities", layers[0], data.name),
                      "begin with \"embedding WIDTH\""};
  Shape shape = network.input;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    place_layer(network.layers[i], shape, fmt::format("{}", i), fmt::format("layer {}", i + 1), data, network);
    shape = network.layers[i].out;
  }
  check_output(network, data);
  if (network.size == 0)
    throw OptionError{"layers", "no layer has parameters: there is nothing to train", "add \"linear CLASSES\""};
  return network;
}

}  // namespace fedsim
