#include "model/network.h"

#include <cmath>

#include "catch.hpp"
#include "core/error.h"

using namespace fedsim;

namespace {

Dataset data_of(Shape shape, std::int64_t classes, std::int64_t targets = 1, std::int64_t vocabulary = 0) {
  Dataset data;
  data.name = "test-data";
  data.sample_shape = std::move(shape);
  data.classes = classes;
  data.targets = targets;
  data.vocabulary = vocabulary;
  return data;
}

std::string error_of(const std::vector<std::string>& layers, const Dataset& data) {
  try {
    build_network(layers, data);
  } catch (const OptionError& error) {
    CHECK(error.option == "layers");
    return error.message + " / " + error.help;
  }
  return "no error";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("shapes follow the layers") {
  const Network net = build_network({"conv 6 5", "relu", "maxpool 2", "conv 16 5 stride=2 pad=2", "avgpool 3 1 1",
                                     "flatten", "linear 10"},
                                    data_of({1, 28, 28}, 10));
  CHECK(net.layers[0].out == Shape{6, 24, 24});   // 28 - 5 + 1
  CHECK(net.layers[2].out == Shape{6, 12, 12});
  CHECK(net.layers[3].out == Shape{16, 6, 6});    // (12 + 4 - 5) / 2 + 1 = 6
  CHECK(net.layers[4].out == Shape{16, 6, 6});    // 6 + 2 - 3 + 1
  CHECK(net.layers[5].out == Shape{576});
  CHECK(net.layers[6].out == Shape{10});
  CHECK(net.size == 6 * 25 + 6 + 16 * 6 * 25 + 16 + 576 * 10 + 10);
}

TEST_CASE("parameters are named as in a torch state_dict and lie one after the other") {
  const Network net = build_network({"embedding 8", "lstm 4 2", "last", "linear 5"}, data_of({20}, 5, 1, 30));
  std::vector<std::string> names;
  std::int64_t next = 0;
  for (const auto& parameter : net.parameters) {
    names.push_back(parameter.name);
    CHECK(parameter.offset == next);
    next += elements(parameter.shape);
  }
  CHECK(next == net.size);
  CHECK(names == std::vector<std::string>{"0.weight", "1.weight_ih_l0", "1.weight_hh_l0", "1.bias_ih_l0",
                                          "1.bias_hh_l0", "1.weight_ih_l1", "1.weight_hh_l1", "1.bias_ih_l1",
                                          "1.bias_hh_l1", "3.weight", "3.bias"});
  CHECK(net.parameters[0].shape == Shape{30, 8});
  CHECK(net.parameters[1].shape == Shape{16, 8});
}

TEST_CASE("a residual block adds its paths and names them") {
  const Network net = build_network({"residual(conv 4 3 same, batchnorm | conv 4 1 nobias)", "globalpool", "linear 2"},
                                    data_of({3, 8, 8}, 2));
  CHECK(net.parameters[0].name == "0.body.0.weight");
  CHECK(net.parameters[6].name == "0.shortcut.0.weight");
  CHECK(net.has_batchnorm);
  CHECK_FALSE(net.parameters[4].trainable);  // running_mean
  CHECK(net.layers[1].out == Shape{4});
}

TEST_CASE("targets at every position need logits at every position") {
  const Dataset data = data_of({20}, 5, 20, 30);
  CHECK(build_network({"embedding 8", "lstm 4", "linear 5"}, data).layers.back().out == Shape{20, 5});
  CHECK(has(error_of({"embedding 8", "lstm 4", "last", "linear 5"}, data), "it must give 20x5"));
}

TEST_CASE("layers that do not fit name both shapes and what would fit") {
  const Dataset image = data_of({1, 28, 28}, 10), text = data_of({20}, 30, 1, 30), table = data_of({60}, 10);
  CHECK(has(error_of({"linear 10"}, image), "layer 1 \"linear 10\": needs a vector [n] or a sequence [t, n], got 1x28x28"));
  CHECK(has(error_of({"linear 10"}, image), "put \"flatten\" before it"));
  CHECK(has(error_of({"conv 8 3", "linear 10"}, table), "needs an image [channels, height, width], got 60"));
  CHECK(has(error_of({"conv 8 30", "flatten", "linear 10"}, image), "needs at least 30x30 pixels, got 1x28x28"));
  CHECK(has(error_of({"flatten", "linear 9"}, image), "gives 9, but test-data has 10 classes"));
  CHECK(has(error_of({"flatten", "linear 9"}, image), "end with \"linear 10\""));
  CHECK(has(error_of({"conv 8 3", "groupnorm 3", "flatten", "linear 10"}, image), "channels that 3 groups divide"));
  CHECK(has(error_of({"residual(conv 8 3 same)", "flatten", "linear 10"}, image),
            "the body gives 8x28x28, the shortcut 1x28x28"));
  CHECK(has(error_of({"linear 30"}, text), "token ids"));
  CHECK(has(error_of({"embedding 8", "linear 10"}, table), "token ids, straight from a text dataset"));
  CHECK(has(error_of({"embedding 20 8", "lstm 8", "last", "linear 30"}, text), "the data has 30 tokens"));
  CHECK(has(error_of({"maxpool 2 2 2", "flatten", "linear 10"}, image), "at most half of the kernel"));
  CHECK(has(error_of({}, image), "the list is empty"));
  CHECK(has(error_of({"relu"}, table), "gives 60"));
  CHECK(has(error_of({"relu"}, data_of({10}, 10)), "nothing to train"));
  CHECK(has(error_of({"linear 16777216", "linear 16777216", "linear 10"}, table), "parameters"));
}

TEST_CASE("initial values are torch's defaults") {
  const Network net = build_network({"conv 16 5 same", "groupnorm 4", "flatten", "linear 10"}, data_of({4, 8, 8}, 10));
  const Vec w = initial_parameters(net, 3, Dtype::float64);
  const auto largest = [&](std::size_t p) {
    double high = 0, square = 0;
    for (std::int64_t i = 0; i < elements(net.parameters[p].shape); ++i) {
      const double value = w.at(static_cast<std::size_t>(net.parameters[p].offset + i));
      high = std::max(high, std::abs(value));
      square += value * value;
    }
    return std::pair(high, square / static_cast<double>(elements(net.parameters[p].shape)));
  };
  // conv: U(-b, b), b = 1/sqrt(4 * 25) = 0.1, 1600 draws: the largest within 1 % of b but for e^-16; variance b^2 / 3,
  // its relative deviation sqrt(4/5 / 1600) = 0.022, five of them allowed.
  CHECK(largest(0).first <= 0.1);
  CHECK(largest(0).first > 0.099);
  CHECK(largest(0).second == Approx(0.01 / 3).epsilon(0.11));
  CHECK(largest(1).first <= 0.1);
  for (std::size_t i = 0; i < 16; ++i) CHECK(w.at(static_cast<std::size_t>(net.parameters[2].offset) + i) == 1.0);
  CHECK(largest(3).first == 0);
  CHECK(largest(4).first <= 1 / std::sqrt(1024.0));  // linear: fan_in 16 * 8 * 8
  CHECK(initial_parameters(net, 3, Dtype::float64) == w);
  CHECK_FALSE(initial_parameters(net, 4, Dtype::float64) == w);
  const Vec single = initial_parameters(net, 3, Dtype::float32);
  CHECK(single.at(7) == static_cast<float>(w.at(7)));
}
