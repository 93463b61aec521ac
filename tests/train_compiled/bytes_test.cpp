// Samples that reach the first linear layer as bytes against the same samples as values.
#include "catch.hpp"
#include "data/samples.h"
#include "joined.h"
#include "models.h"
#include "train/compiled/kernels.h"
#include "train/local_sgd.h"

using namespace fedsim;
using namespace fedsim::test;

namespace {

constexpr std::int64_t rows = 60, features = 150, classes = 7;

/// Images half black, as bytes of which 255 is 1, or as those values.
template <class T>
Dataset images(bool as_bytes, const Shape& shape = {features}) {
  Random random(7, Purpose::data);
  std::vector<std::uint8_t> bytes;
  std::vector<T> values;
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < rows * features; ++i) {
    const bool black = i % features < features / 6 || random.below(5) < 2;
    bytes.push_back(black ? std::uint8_t{0} : static_cast<std::uint8_t>(random.below(256)));
    values.push_back(static_cast<T>(bytes.back()) / 255);
  }
  for (std::int64_t i = 0; i < rows; ++i) labels.push_back(static_cast<std::int32_t>(random.below(classes)));
  Dataset data = shaped(shape, classes);
  if (as_bytes)
    data.train = std::make_shared<MemorySamples>(bytes, labels, features, 1, Scale{{0}, {255}});
  else
    data.train = std::make_shared<MemorySamples>(values, labels, features, 1, Scale{});
  return data;
}

/// A client's worker on its own copy of the samples.
template <class T>
struct Site {
  static constexpr Dtype dtype = std::is_same_v<T, float> ? Dtype::float32 : Dtype::float64;
  Dataset data;
  Network network;
  std::unique_ptr<Engine> engine;
  Worker worker;
  Vec start;

  Site(const std::vector<std::string>& layers, bool as_bytes, const Shape& shape = {features})
      : data(images<T>(as_bytes, shape)),
        network(build_network(layers, data)),
        engine(compiled_engine(network, data, dtype)),
        worker(engine->learner(), data, dtype),
        start(random_parameters(network, 4, dtype)) {}

  LocalResult run(const ClientOptions& local, std::int64_t samples, Answer answer, double noise = 0, double prox = 0,
                  std::int64_t first = 2) {
    Round round;
    round.index = 3;
    round.client_lr = local.lr;
    round.local = local;
    round.seed = 5;
    return worker.sgd({.client = 1, .rows = Rows(first, samples), .noise = noise}, round,
                      LocalJob{.start = start, .prox = prox}, answer);
  }
};

Vec change_of(const LocalResult& result) { return result.sealed ? values_of(*result.sealed) : result.w; }

struct Run {
  std::vector<std::string> layers;
  std::int64_t samples = 23, batch = 5, epochs = 1;
  double momentum = 0, weight_decay = 0, clip = 0, prox = 0;
};

const std::vector<std::string> wide{"linear 45", "relu", "linear 36", "tanh", "linear 7"};
const std::vector<std::string> one{"linear 7"};
const std::vector<std::string> odd{"linear 33 nobias", "relu", "linear 7"};
const std::vector<std::string> single{"linear 7 nobias"};
const std::vector<std::string> narrow{"linear 16", "relu", "linear 7"};

const std::vector<Run> runs{
    {.layers = wide, .epochs = 3},                       // in dual form
    {.layers = wide, .samples = 58, .batch = 9},         // on AVX-512
    {.layers = odd, .samples = 9, .batch = 4, .epochs = 4},
    {.layers = wide, .samples = 3, .batch = 3},          // one step: factors, for few samples without lists
    {.layers = wide, .samples = 6, .batch = 6},          // with
    {.layers = wide, .epochs = 2, .momentum = 0.5},      // stored gradients, of more outputs than read bytes themselves
    {.layers = one, .samples = 40, .batch = 10},         // weights updated at once
    {.layers = one, .samples = 40, .batch = 17, .momentum = 0.9},
    {.layers = one, .samples = 3, .batch = 1, .epochs = 4},     // dual form that reads the bytes themselves
    {.layers = single, .samples = 3, .batch = 1, .epochs = 4},  // and leaves nothing else to write
    {.layers = one, .samples = 1, .batch = 1},                  // one step: factors with bytes, by rows
    {.layers = narrow, .samples = 9, .batch = 3, .epochs = 4, .prox = 1.5},
    {.layers = wide, .samples = 9, .batch = 3, .epochs = 4, .prox = 1.5},
    {.layers = narrow, .weight_decay = 0.1, .clip = 0.5},
    {.layers = wide, .epochs = 2, .weight_decay = 0.1},
};

template <class T>
void check_equal(double rounding) {
  for (const Run& r : runs) {
    CAPTURE(r.layers.front(), r.samples, r.batch, r.epochs, r.momentum, r.prox);
    Site<T> bytes(r.layers, true), values(r.layers, false);
    REQUIRE(bytes.engine->learner()->byte_divisor() == 255);
    REQUIRE(values.engine->learner()->byte_divisor() == 0);
    ClientOptions local;
    local.lr = 0.1;
    local.batch_size = r.batch;
    local.epochs = r.epochs;
    local.momentum = r.momentum;
    local.weight_decay = r.weight_decay;
    local.clip = r.clip;
    for (const Answer answer : {Answer::model, Answer::change, Answer::sealed_change}) {
      const LocalResult expected = values.run(local, r.samples, answer, 0, r.prox),
                        got = bytes.run(local, r.samples, answer, 0, r.prox);
      const Vec change = change_of(expected);
      CHECK(norm(change) > 0.01);
      CHECK(norm(change_of(got) - change) < rounding * norm(values.start));
      CHECK(got.loss == Approx(expected.loss).epsilon(rounding));
      REQUIRE((got.sealed == nullptr) == (expected.sealed == nullptr));
      if (!got.sealed) continue;
      CHECK(got.sealed->magnitude().norm == Approx(norm(change)).epsilon(100 * rounding));
      CHECK(got.sealed->magnitude().largest >= max_abs(change_of(got)));
      CHECK(got.sealed->magnitude().largest <= 100 * max_abs(change));
    }
  }
}

template <class T>
void check_joined(const std::vector<std::string>& layers, std::int64_t samples, std::int64_t batch, std::int64_t epochs) {
  CAPTURE(layers.front(), samples, epochs);
  Site<T> site(layers, true);
  ClientOptions local;
  local.lr = 0.1;
  local.batch_size = batch;
  local.epochs = epochs;
  check_joined_sums(site.start.size(), 21, [&](int k) {
    auto sealed = site.run(local, samples + k % 3, Answer::sealed_change, 0, 0, k).sealed;
    REQUIRE(sealed);
    return sealed;
  });
}

template <class T>
void check_gradient(double rounding) {
  for (const auto& layers : {wide, one}) {
    Site<T> bytes(layers, true), values(layers, false);
    const ClientData client{.client = 1, .rows = Rows(1, 50)};
    const GradientResult expected = values.worker.gradient(client, {}, values.start);
    CHECK(norm(expected.gradient) > 0.01);
    CHECK(norm(bytes.worker.gradient(client, {}, values.start).gradient - expected.gradient) <
          rounding * norm(expected.gradient));
    const Evaluation right = values.worker.evaluate(*values.data.train, 3, 40, values.start);
    const Evaluation got = bytes.worker.evaluate(*bytes.data.train, 3, 40, values.start);
    CHECK(got.loss == Approx(right.loss).epsilon(rounding));
    CHECK(got.count == 40);
    // Samples of another kind than those that it was made for.
    CHECK(bytes.worker.evaluate(*values.data.train, 3, 40, values.start).loss == Approx(right.loss).epsilon(rounding));
  }
}

}  // namespace

TEST_CASE("a first linear layer that reads bytes trains as on their values", "[compiled]") {
  check_equal<float>(1e-6);
  check_equal<double>(1e-14);
}

TEST_CASE("changes of clients whose samples are bytes are added in one product", "[compiled]") {
  const auto check_dtype = [](auto zero) {
    using T = decltype(zero);
    check_joined<T>(wide, 3, 0, 1);  // one step
    check_joined<T>(odd, 3, 0, 1);
    check_joined<T>(wide, 7, 3, 4);  // in dual form
    check_joined<T>(narrow, 1, 0, 1);  // one step, by rows
  };
  check_dtype(0.0f);
  check_dtype(0.0);
}

TEST_CASE("gradients and evaluations of bytes are those of their values", "[compiled]") {
  check_gradient<float>(1e-5);
  check_gradient<double>(1e-13);
}

TEST_CASE("bytes of images with several channels are in the order of their values", "[compiled]") {
  Site<float> bytes({"flatten", "linear 40", "relu", "linear 7"}, true, {3, 5, 10}),
      values({"flatten", "linear 40", "relu", "linear 7"}, false, {3, 5, 10});
  ClientOptions local;
  local.lr = 0.1;
  local.batch_size = 5;
  const Vec expected = values.run(local, 23, Answer::change).w;
  CHECK(norm(expected) > 0.01);
  CHECK(norm(bytes.run(local, 23, Answer::change).w - expected) < 1e-6 * norm(values.start));
}

TEST_CASE("features with noise are values, whatever they were stored as", "[compiled]") {
  Site<float> bytes(wide, true), values(wide, false);
  ClientOptions local;
  local.lr = 0.1;
  local.batch_size = 5;
  const Vec expected = values.run(local, 23, Answer::model, 0.3).w;
  CHECK(norm(expected - values.run(local, 23, Answer::model).w) > 0.01);
  CHECK(bytes.run(local, 23, Answer::model, 0.3).w == expected);
}

TEST_CASE("bytes are asked for by a model whose first layer is linear on flat samples, and by no other", "[compiled]") {
  Dataset data = images<float>(true);
  const auto divisor = [&](const std::vector<std::string>& layers) {
    return compiled_engine(build_network(layers, data), data, Dtype::float32)->learner()->byte_divisor();
  };
  CHECK(divisor({"linear 7"}) == 255);
  CHECK(divisor({"dropout 0.2", "linear 7"}) == 0);
  CHECK(divisor({"tanh", "linear 7"}) == 0);
  data.sample_shape = {1, 10, 15};
  CHECK(divisor({"flatten", "linear 7"}) == 255);
  CHECK(divisor({"conv 3 3", "flatten", "linear 7"}) == 0);
}
