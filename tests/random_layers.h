// Random layer lists for the tests of the trainers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/random.h"

namespace fedsim::test {

/// Up to 4 layers for small images (2 x 11 x 9), "flatten", up to 3 for vectors, and a last linear layer of 4 classes.
inline std::vector<std::string> random_layers(Random& random) {
  static const std::vector<std::string> spatial{"conv 3 3 same",
                                                "conv 5 2",
                                                "conv 4 3 stride=2 pad=1",
                                                "relu",
                                                "tanh",
                                                "gelu",
                                                "groupnorm 1",
                                                "maxpool 2 stride=1",
                                                "maxpool 3 stride=2 pad=1",
                                                "avgpool 2 stride=1",
                                                "avgpool 3 stride=2 pad=1",
                                                "dropout 0.2",
                                                "residual(relu | gelu)"};
  static const std::vector<std::string> flat{"linear 9",  "linear 20 nobias", "relu",        "tanh",
                                             "gelu",      "layernorm",        "dropout 0.5", "residual(layernorm, relu)"};
  std::vector<std::string> layers;
  for (std::uint64_t n = random.below(5); n > 0; --n) layers.push_back(spatial[random.below(spatial.size())]);
  layers.push_back("flatten");
  for (std::uint64_t n = random.below(4); n > 0; --n) layers.push_back(flat[random.below(flat.size())]);
  layers.push_back("linear 4");
  return layers;
}

}  // namespace fedsim::test
