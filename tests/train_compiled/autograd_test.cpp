// The compiled trainer against the autograd trainer: a local epoch from the same start, batches and masks.
// Norm of the difference over the norm of the parameters; both orders of summation are as good, so the bound
// is rounding.
#include <algorithm>
#include <cmath>

#include "catch.hpp"
#include "core/error.h"
#include "models.h"
#include "random_layers.h"
#include "train/engine.h"

using namespace fedsim;
using namespace fedsim::test;

namespace {

ModelChoice model_of(const std::vector<std::string>& layers) {
  ModelChoice model;
  model.layers = layers;
  return model;
}

using Epoch = std::vector<std::int64_t>;  // sizes of its batches
const Epoch small_model{10, 10, 10, 10, 10, 3}, large_model{2, 1};

/// Parameters after an epoch, the last batch smaller.
template <class T>
Vec run(const Epoch& epoch, const Engine& engine, const Dataset& data, const Vec& start, const StepRule& rule,
        double& loss) {
  const auto learner = engine.learner();
  learner->begin(start, rule);
  loss = 0;
  for (std::size_t i = 0; i < epoch.size(); ++i) {
    const RandomBatch<T> random(data, epoch[i], i + 1);
    loss += learner->step(random.batch).loss;
  }
  return learner->parameters();
}

/// Both trainers from one start; from more, `starts` of them at most, where the first ones do not agree. In float32 a
/// ReLU whose input is within rounding of 0 may fall on either side, which moves the gradient by far more than rounding
/// does: ResNet-18 with its 10^6 ReLUs has such a start now and then. A mistake shows from every start, so one must
/// agree to `tolerance`, and all to a hundred times that.
template <class T>
void check_epoch(const Epoch& batches, const Engine& compiled, const Engine& autograd, const Dataset& data,
                 StepRule rule, double tolerance, std::uint64_t starts) {
  double error = 1;
  for (std::uint64_t seed = 3; seed < 3 + starts && error > tolerance; ++seed) {
    const Vec start = compiled.initial(seed);
    Vec anchor = start, linear = start;
    anchor *= 0.9;
    linear *= 0.01;
    if (rule.prox != 0) rule.anchor = &anchor, rule.linear = &linear;
    double loss_a = 0, loss_b = 0;
    const Vec a = run<T>(batches, compiled, data, start, rule, loss_a),
              b = run<T>(batches, autograd, data, start, rule, loss_b);
    CHECK(norm(a - start) > 1e-4 * norm(b));
    CHECK(loss_a == Approx(loss_b).epsilon(100 * tolerance));
    error = std::max(norm(a - b) / norm(b), std::abs(loss_a - loss_b) / std::abs(loss_b));
    CHECK(error <= 100 * tolerance);
  }
  CHECK(error <= tolerance);
}

template <class T>
void check(const Dataset& data, const std::vector<std::string>& layers, const Epoch& batches, double tolerance,
           std::uint64_t starts) {
  std::string all;
  for (const auto& layer : layers) all += layer + ", ";
  INFO(all << "on " << to_string(data.sample_shape));
  const Dtype dtype = std::is_same_v<T, float> ? Dtype::float32 : Dtype::float64;
  const auto compiled = make_engine(model_of(layers), data, "compiled", "cpu", dtype);
  const auto autograd = make_engine(model_of(layers), data, "autograd", "cpu", dtype);
  REQUIRE(compiled->trainer() == "compiled");
  REQUIRE(autograd->trainer() == "autograd");
  const Vec start = compiled->initial(3);
  REQUIRE(start == autograd->initial(3));
  const StepRule plain{.lr = 0.05};
  const StepRule full{.lr = 0.02, .momentum = 0.5, .weight_decay = 1e-3, .clip = 1.0, .prox = 0.1};
  for (const StepRule& rule : {plain, full})
    check_epoch<T>(batches, *compiled, *autograd, data, rule, tolerance, starts);
  const RandomBatch<T> test(data, 2 * batches.front(), 9);
  const Evaluation a = compiled->learner()->evaluate(start, test.batch),
                   b = autograd->learner()->evaluate(start, test.batch);
  CHECK(a.correct == b.correct);
  CHECK(a.count == b.count);
  CHECK(a.loss == Approx(b.loss).epsilon(tolerance));
}

void check_both(const Dataset& data, const std::vector<std::string>& layers, const Epoch& batches = small_model,
                std::uint64_t starts_of_float = 1) {
  check<float>(data, layers, batches, 1e-5, starts_of_float);
  check<double>(data, layers, batches, 1e-12, 1);
}

std::vector<std::string> shipped(const std::string& name, const Dataset& data) {
  Describer visitor;
  return Registry<ModelTemplate>::find(name)->make(visitor)->layers(data);
}

}  // namespace

TEST_CASE("shipped models: an epoch equals autograd's", "[compiled][autograd]") {
  const Dataset digits = shaped({1, 28, 28}, 10), colour = shaped({3, 32, 32}, 10);
  const Dataset characters = shaped({20}, 80, 20, 80);
  const auto models = Registry<ModelTemplate>::names();
  REQUIRE(models.size() >= 6);
  for (const std::string& name : models) {
    const bool residual = name == "resnet18-gn", text = name == "char-lstm";
    const Dataset& data = residual ? colour : text ? characters : digits;
    check_both(data, shipped(name, data), residual || text ? large_model : small_model, residual ? 5 : 1);
  }
  for (const char* name : {"logistic", "lenet5"}) check_both(colour, shipped(name, colour));
  const Dataset text = shaped({12}, 20, 12, 20), next = shaped({9}, 20, 1, 20);
  check_both(text, {"embedding 8", "lstm 24 2", "linear 20"});
  check_both(next, {"embedding 8", "lstm 24 2", "last", "linear 20"});
}

TEST_CASE("a small residual network with group norm equals autograd's", "[compiled][autograd]") {
  check_both(
      shaped({3, 16, 16}, 10),
      {"conv 8 3 same nobias", "groupnorm 2", "relu",
       "residual(conv 8 3 stride=1 pad=1 nobias, groupnorm 2, relu, conv 8 3 same nobias, groupnorm 2)",
       "relu",
       "residual(conv 16 3 stride=2 pad=1 nobias, groupnorm 2, relu, conv 16 3 same nobias, groupnorm 2 | "
       "conv "
       "16 1 stride=2 nobias, groupnorm 2)",
       "relu", "globalpool", "linear 10"});
}

TEST_CASE("convolutions by Winograd's filtering equal autograd's", "[compiled][autograd]") {
  check_both(shaped({3, 11, 14}, 10), {"conv 20 3 same", "relu", "conv 24 3 same", "relu", "conv 17 5 same nobias", "relu",
                                       "conv 40 3 valid", "relu", "globalpool", "linear 10"});
}

TEST_CASE("random lists of layers equal autograd's", "[compiled][autograd]") {
  Random random(12, Purpose::data);
  const Dataset image = shaped({2, 11, 9}, 4);
  for (int trial = 0; trial < 25; ++trial) {
    const std::vector<std::string> layers = random_layers(random);
    check_both(image, layers);
  }
}

TEST_CASE("who trains: auto, compiled and autograd", "[compiled][autograd]") {
  const Dataset image = shaped({2, 11, 9}, 4);
  const auto trainer = [&](const std::vector<std::string>& layers, const std::string& wanted) {
    return make_engine(model_of(layers), image, wanted, "cpu", Dtype::float32)->trainer();
  };
  const std::vector<std::string> plain{"flatten", "linear 4"}, batchnorm{"batchnorm", "flatten", "linear 4"};
  CHECK(trainer(plain, "auto") == "compiled");
  CHECK(trainer(plain, "autograd") == "autograd");
  CHECK(trainer(batchnorm, "auto") == "autograd");
  CHECK(trainer({"conv 4 2 pad=2", "flatten", "linear 4"}, "auto") == "autograd");
  try {
    trainer(batchnorm, "compiled");
    FAIL("accepted");
  } catch (const OptionError& error) {
    CHECK(error.option == "trainer");
    CHECK(error.message == "the compiled trainer has no 'batchnorm'");
  }
}
