// Gradients against central differences of the loss in float64. h = 1e-5 leaves an error of about h^2 times
// the third derivative, 1e-10, and of 1e-16 / h = 1e-11 from rounding; ReLU and max pooling are smooth but
// for kinks, which random inputs miss by more than h.
#include <cmath>

#include "catch.hpp"
#include "core/error.h"
#include "models.h"
#include "random_layers.h"

using namespace fedsim;
using namespace fedsim::test;

namespace {

constexpr double h = 1e-5;

/// The loss of a training step, mask of dropout included, at w; the step itself is thrown away.
double loss_at(Learner& learner, const Vec& w, const Batch& batch) {
  learner.begin(w, {});
  const Evaluation result = learner.step(batch);
  return result.loss / static_cast<double>(result.count);
}

/// The gradient is read off a step of lr = 1 (the fused path) and of `gradient` (the stored path, no
/// dropout).
void check(const Dataset& data, const std::vector<std::string>& layers, std::int64_t count = 3) {
  INFO(layers.front() << " ... " << layers[layers.size() / 2] << " on " << to_string(data.sample_shape));
  const Network network = build_network(layers, data);
  const auto engine = compiled_engine(network, data, Dtype::float64);
  const auto learner = engine->learner();
  const Vec w = random_parameters(network, 5, Dtype::float64);
  RandomBatch<double> random(data, count, 6);
  if (data.targets > 1) random.y[1] = -1;  // padding

  learner->begin(w, {.lr = 1.0});
  const Evaluation first = learner->step(random.batch);
  const Vec step = w - learner->parameters();
  Vec stored(w.size(), Dtype::float64);
  if (!network.has_dropout) {
    learner->gradient(w, random.batch, stored);
    stored /= static_cast<double>(first.count);
  }
  Random pick(7, Purpose::data);
  for (const Parameter& parameter : network.parameters)
    for (int trial = 0; trial < 6; ++trial) {
      const auto n = static_cast<std::uint64_t>(elements(parameter.shape));
      const auto i = static_cast<std::size_t>(parameter.offset) + static_cast<std::size_t>(pick.below(n));
      Vec up = w, down = w;
      up.set(i, w.at(i) + h);
      down.set(i, w.at(i) - h);
      const double expected =
          (loss_at(*learner, up, random.batch) - loss_at(*learner, down, random.batch)) / (2 * h);
      INFO(parameter.name << " [" << i - static_cast<std::size_t>(parameter.offset) << "]");
      CHECK(step.at(i) == Approx(expected).epsilon(1e-6).margin(2e-9));
      if (!network.has_dropout) CHECK(stored.at(i) == Approx(expected).epsilon(1e-6).margin(2e-9));
    }
}

const Dataset image = shaped({2, 9, 7}, 4), gray = shaped({1, 8, 8}, 3), vector = shaped({13}, 5);
const Dataset text = shaped({6}, 7, 1, 11), every_position = shaped({6}, 11, 6, 11);

}  // namespace

TEST_CASE("linear layers with and without ReLU and bias", "[compiled]") {
  check(vector, {"linear 5"});
  check(vector, {"linear 19", "relu", "linear 6 nobias", "relu", "relu", "linear 5"}, 17);
  check(image, {"flatten", "linear 33", "relu", "linear 4"});
}

TEST_CASE("convolutions of every stride and padding", "[compiled]") {
  check(image, {"conv 5 3", "relu", "conv 3 3 same", "flatten", "linear 4"});
  check(image, {"conv 18 3 stride=2 pad=1", "conv 4 1", "relu", "flatten", "linear 4"});
  check(image, {"conv 3 5 stride=3 pad=2 nobias", "conv 70 2", "flatten", "linear 4"});
  check(image, {"conv 2 1 stride=2", "flatten", "linear 4"});
  check(gray, {"conv 6 5", "relu", "maxpool 2", "conv 7 2", "flatten", "linear 3"});
}

TEST_CASE("pooling", "[compiled]") {
  check(image, {"conv 3 3 same", "maxpool 2", "flatten", "linear 4"});
  check(image, {"conv 3 3 same", "maxpool 3 stride=2 pad=1", "flatten", "linear 4"});
  check(image, {"conv 3 3 same", "avgpool 2", "flatten", "linear 4"});
  check(image, {"conv 3 3 same", "avgpool 3 stride=2 pad=1", "flatten", "linear 4"});
  check(image, {"conv 5 3", "globalpool", "linear 4"});
  check(image, {"maxpool 2", "flatten", "linear 4"});
}

TEST_CASE("activations, norms and dropout", "[compiled]") {
  check(vector, {"linear 9", "tanh", "linear 5"});
  check(vector, {"linear 9", "gelu", "linear 5"});
  check(vector, {"tanh", "relu", "linear 5"});
  check(vector, {"linear 12", "layernorm", "relu", "linear 5"});
  check(vector, {"linear 12", "groupnorm 3", "relu", "linear 5"});
  check(image, {"conv 6 3", "groupnorm 2", "relu", "flatten", "linear 4"});
  check(vector, {"linear 30", "relu", "dropout 0.4", "linear 5"});
  check(image, {"conv 4 3", "dropout 0.3", "flatten", "dropout 0.2", "linear 4"});
}

TEST_CASE("text: embedding, LSTM, one target and one at every position", "[compiled]") {
  check(text, {"embedding 3", "lstm 5", "last", "linear 7"});
  check(text, {"embedding 4", "flatten", "linear 7"});
  check(every_position, {"embedding 3", "lstm 5 2", "layernorm", "linear 11"});
}

TEST_CASE("residual blocks", "[compiled]") {
  check(image, {"conv 4 3 same", "residual(conv 4 3 same, groupnorm 2, relu, conv 4 3 same)", "relu",
                "flatten", "linear 4"});
  check(image, {"residual(relu, conv 4 3 stride=2 pad=1 | conv 4 1 stride=2, groupnorm 2)", "relu",
                "globalpool", "linear 4"});
  check(vector, {"residual(linear 13, relu)", "residual(tanh)", "linear 5"});
}

TEST_CASE("random lists of layers", "[compiled]") {
  Random random(11, Purpose::data);
  for (int trial = 0; trial < 15; ++trial) {
    const std::vector<std::string> layers = random_layers(random);
    std::string text_of_all;
    for (const auto& layer : layers) text_of_all += layer + ", ";
    INFO(text_of_all);
    check(image, layers, 1 + trial % 4);
  }
}

TEST_CASE("what the compiled trainer does not accept, and why", "[compiled]") {
  std::string why_not;
  const Network network = build_network({"conv 3 3", "batchnorm", "flatten", "linear 4"}, image);
  CHECK(make_compiled_engine(network, image, Dtype::float32, why_not) == nullptr);
  CHECK(why_not == "the compiled trainer has no 'batchnorm'");
}

TEST_CASE("evaluation: hits, the first of equals, padding and bad targets", "[compiled]") {
  const Dataset data = shaped({2}, 3);
  const Network network = build_network({"linear 3 nobias"}, data);
  const auto learner = compiled_engine(network, data, Dtype::float64)->learner();
  Vec w(6, Dtype::float64);  // logits: x_0, x_1, x_1
  w.set(0, 1);
  w.set(3, 1);
  w.set(5, 1);
  const std::vector<double> x{2, 0, 0, 1, 0, 1, 5, 5};
  std::vector<std::int32_t> y{0, 1, 2, -1};
  Batch batch;
  batch.x = x.data();
  batch.y = y.data();
  batch.count = 4;
  const Evaluation result = learner->evaluate(w, batch);
  CHECK(result.count == 3);
  CHECK(result.correct == 2);  // the third is answered 1
  // log(e^2 + 2) - 2 and twice log(1 + 2e) - 1
  CHECK(result.loss == Approx(std::log(std::exp(2.0) + 2) - 2 + 2 * (std::log(1 + 2 * std::exp(1.0)) - 1)));
  y[0] = 3;
  CHECK_THROWS_AS(learner->evaluate(w, batch), DataError);
}

TEST_CASE("evaluation takes fewer samples at once where they have many outputs", "[compiled]") {
  const Dataset data = shaped({3, 32, 32}, 10);
  const auto rows = [&](const std::vector<std::string>& layers) {
    return compiled_engine(build_network(layers, data), data, Dtype::float32)->learner()->rows_at_once();
  };
  CHECK(rows({"flatten", "linear 10"}) == 32);
  CHECK(rows({"conv 64 3 same", "residual(conv 64 3 same, relu, conv 64 3 same)", "globalpool", "linear 10"}) == 10);
}
