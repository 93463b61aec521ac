// The change of a client of one step, left as factors: equal to the one that is written, and summed with others.
#include <algorithm>
#include <cmath>
#include <limits>

#include "catch.hpp"
#include "joined.h"
#include "models.h"
#include "train/compiled/factors.h"

using namespace fedsim;
using namespace fedsim::test;

namespace {

struct Model {
  Dataset data;
  Network network;
  std::unique_ptr<Learner> learner;
  Vec start;

  Model(Shape sample, std::int64_t classes, const std::vector<std::string>& layers, Dtype dtype)
      : data(shaped(std::move(sample), classes)),
        network(build_network(layers, data)),
        learner(compiled_engine(network, data, dtype)->learner()),
        start(random_parameters(network, 4, dtype)) {}

  std::unique_ptr<const SealedChange> sealed(const Batch& batch, const StepRule& rule) {
    learner->begin(start, rule);
    learner->last_step(batch, Answer::sealed_change);
    return learner->take_sealed();
  }
  Vec written(const Batch& batch, const StepRule& rule) {
    learner->begin(start, rule);
    learner->last_step(batch, Answer::change);
    return learner->take_difference(start);
  }
};

const std::vector<std::string> wide{"linear 75", "relu", "dropout 0.2", "linear 61", "tanh", "linear 9"};

template <class T>
void check(Dtype dtype) {
  const double rounding = static_cast<double>(std::numeric_limits<T>::epsilon());
  Model model({83}, 9, wide, dtype);
  for (const std::int64_t count : {1, 2, 6}) {
    RandomBatch<T> memory(model.data, count, static_cast<std::uint64_t>(count));
    const auto sealed = model.sealed(memory.batch, {.lr = 0.1});
    REQUIRE(sealed);
    const Vec values = values_of(*sealed), expected = model.written(memory.batch, {.lr = 0.1});
    // What is written is (w - lr g) - w, off by the rounding of w.
    CHECK(norm(values - expected) <= 2 * rounding * norm(model.start));
    const Magnitude size = sealed->magnitude();
    CHECK(size.norm == Approx(norm(values)).epsilon(10 * rounding));
    CHECK(size.largest >= max_abs(values));
    CHECK(size.largest <= 100 * max_abs(values));
  }
}

/// Of a layer [8, 8] and two samples whose gradients cancel but for `difference` of them.
struct Cancelling {
  std::vector<float> d, x;
  std::unique_ptr<const SealedChange> change;

  Cancelling(std::uint64_t seed, double size, double difference) : d(16), x(16) {
    Random random(seed, Purpose::data);
    for (std::size_t j = 0; j < 8; ++j) {
      d[j] = static_cast<float>(size * random.normal());
      d[8 + j] = -d[j];
      x[j] = static_cast<float>(random.uniform(0.1, 1));
      x[8 + j] = static_cast<float>(static_cast<double>(x[j]) * (1 + difference * random.normal()));
    }
    change = compiled::factored_change<float>(
        compiled::best_kernels<float>(), 64,
        {{.weight = 0, .rows = 2, .out = 8, .in = 8, .d = d.data(), .d_row = 8, .x = {.numbers = x.data()}}});
  }
  /// Of W [out, in], without the roundings of a product in float32.
  double value(std::size_t i) const {
    const std::size_t out = i / 8, in = i % 8;
    return static_cast<double>(d[out]) * static_cast<double>(x[in]) + static_cast<double>(d[8 + out]) * static_cast<double>(x[8 + in]);
  }
};

/// The sum of eight of them, each times `weight`, is off by no more than a few roundings of the products.
void check_cancelling(double size, double difference, std::int64_t weight) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    std::vector<Cancelling> clients;
    std::vector<WeightedChange> terms;
    for (std::uint64_t k = 0; k < 8; ++k) clients.emplace_back(8 * seed + k, size, difference);
    double bound = 0;
    for (const Cancelling& client : clients) {
      terms.push_back({client.change.get(), weight});
      bound += client.change->bound() * static_cast<double>(weight);
      REQUIRE(std::isfinite(client.change->magnitude().largest));
    }
    CHECK(max_abs(values_of(*clients[0].change->sum({terms.data(), 1}))) <= 1.001 * clients[0].change->bound() * static_cast<double>(weight));
    if (std::isfinite(bound)) CHECK(max_abs(values_of(*clients[0].change->sum(terms))) <= 1.001 * bound);
    ExactSum sum(64, 8);
    sum.add(terms);
    const Vec mean = sum.quotient(8.0 * static_cast<double>(weight), Dtype::float32);
    const double product = 4 * size * (1 + difference);  // of d and x, as good as always
    for (std::size_t i = 0; i < 64; ++i) {
      double expected = 0;
      for (const Cancelling& client : clients) expected += client.value(i) / 8;
      REQUIRE(std::abs(mean.at(i) - expected) < 16 * 0x1p-24 * product);
    }
  }
}

}  // namespace

TEST_CASE("changes of samples whose gradients nearly cancel are added rightly, however large", "[compiled]") {
  for (const double size : {0.01, 1.0, 3.0}) check_cancelling(size, 6e-8, 37);
  check_cancelling(1, 0, 3);
  check_cancelling(1e36, 1e-5, 1000);  // the values times the weight are numbers, the products are not
}

TEST_CASE("factors of a client's only step are the change that is written otherwise", "[compiled]") {
  check<float>(Dtype::float32);
  check<double>(Dtype::float64);
}

TEST_CASE("a proximal term that pulls to the start does nothing in the first step", "[compiled]") {
  Model model({83}, 9, wide, Dtype::float32);
  RandomBatch<float> memory(model.data, 3, 1);
  const auto plain = model.sealed(memory.batch, {.lr = 0.1});
  const auto prox = model.sealed(memory.batch, {.lr = 0.1, .prox = 0.5, .anchor = &model.start});
  REQUIRE(prox);
  CHECK(values_of(*prox) == values_of(*plain));
}

TEST_CASE("what is more than one step of plain SGD on few samples is written", "[compiled]") {
  Model model({83}, 9, wide, Dtype::float32);
  RandomBatch<float> few(model.data, 3, 1), many(model.data, 60, 2);
  const Vec other = random_parameters(model.network, 5, Dtype::float32);
  for (const StepRule& rule : {StepRule{.lr = 0.1, .momentum = 0.9}, StepRule{.lr = 0.1, .weight_decay = 0.1},
                               StepRule{.lr = 0.1, .clip = 1}, StepRule{.lr = 0.1, .linear = &other},
                               StepRule{.lr = 0.1, .prox = 1, .anchor = &other}})
    CHECK_FALSE(model.sealed(few.batch, rule));
  CHECK_FALSE(model.sealed(many.batch, {.lr = 0.1}));

  model.learner->begin(model.start, {.lr = 0.1});
  model.learner->step(few.batch);
  model.learner->last_step(few.batch, Answer::sealed_change);
  CHECK_FALSE(model.learner->take_sealed());
  CHECK(norm(model.learner->take_difference(model.start)) > 0);

  Model with_conv({1, 12, 12}, 4, {"conv 3 3", "flatten", "linear 60", "linear 4"}, Dtype::float32);
  RandomBatch<float> image(with_conv.data, 1, 3);
  CHECK_FALSE(with_conv.sealed(image.batch, {.lr = 0.1}));
  for (const char* block : {"residual(conv 1 3 same, relu, conv 1 3 same)", "residual(tanh, groupnorm 1)"}) {
    Model with_block({1, 12, 12}, 4, {block, "flatten", "linear 60", "linear 4"}, Dtype::float32);
    CHECK_FALSE(with_block.sealed(image.batch, {.lr = 0.1}));
    CHECK(norm(with_block.written(image.batch, {.lr = 0.1})) > 0);
  }
}

TEST_CASE("near an optimum, where the samples' gradients cancel, the norm is still that of the values", "[compiled]") {
  Model model({83}, 9, {"linear 75", "tanh", "linear 61", "tanh", "linear 9"}, Dtype::float32);
  RandomBatch<float> memory(model.data, 6, 1);
  for (int i = 0; i < 6; ++i) {  // two samples, each with three labels: the best loss is log 3
    std::copy_n(memory.x.begin() + i % 2 * 83, 83, memory.x.begin() + i * 83);
    memory.y[static_cast<std::size_t>(i)] = i;
  }
  model.learner->begin(model.start, {.lr = 0.2});
  double loss = 0;
  for (int step = 0; step < 6000; ++step) loss = model.learner->step(memory.batch).loss;
  CHECK(loss / 6 == Approx(std::log(3.0)).epsilon(1e-3));
  const Vec near = model.learner->take();
  model.learner->begin(near, {.lr = 0.2});
  model.learner->last_step(memory.batch, Answer::sealed_change);
  const auto sealed = model.learner->take_sealed();
  REQUIRE(sealed);
  const Vec values = values_of(*sealed);
  CHECK(norm(values) > 0);
  CHECK(sealed->magnitude().norm == Approx(norm(values)).epsilon(1e-5));
  CHECK(sealed->magnitude().largest >= max_abs(values));
}

TEST_CASE("a factor takes memory that it fills, and copies out of longer memory: the change and its size are the same", "[compiled]") {
  constexpr compiled::Index rows = 3, out = 5, in = 7, row = 16;
  Random random(1, Purpose::data);
  std::vector<float> x(rows * in), d(rows * row);
  for (auto* values : {&x, &d})
    for (float& value : *values) value = static_cast<float>(random.normal());
  const auto change = [&](Buffer* memory, Buffer& values) {
    std::ranges::copy(d, static_cast<float*>(values.data()));
    return compiled::factored_change<float>(compiled::best_kernels<float>(), out * in,
                                            {{.weight = 0, .rows = rows, .out = out, .in = in,
                                              .d = static_cast<const float*>(values.data()), .d_row = row, .memory = memory,
                                              .x = {.numbers = x.data()}}});
  };
  Buffer kept(rows * row * sizeof(float)), full(kept.bytes()), longer(4 * kept.bytes());
  const auto copied = change(nullptr, kept), taken = change(&full, full), cut = change(&longer, longer);
  CHECK(full.bytes() == 0);
  CHECK(longer.bytes() > 0);
  CHECK(values_of(*taken) == values_of(*copied));
  CHECK(values_of(*cut) == values_of(*copied));
  CHECK(taken->held() == copied->held());
  CHECK(cut->held() == copied->held());
  CHECK(taken->joins(*cut));
}

TEST_CASE("factors that are not finite say so", "[compiled]") {
  Model model({83}, 9, wide, Dtype::float32);
  RandomBatch<float> memory(model.data, 2, 1);
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    memory.x[5] = bad;
    const auto sealed = model.sealed(memory.batch, {.lr = 0.1});
    REQUIRE(sealed);
    CHECK(std::isinf(sealed->magnitude().largest));
  }
}

TEST_CASE("changes left as factors are added in one product, to the same bits in whatever order groups of them come",
          "[compiled]") {
  const auto check_dtype = [](auto zero, Dtype dtype) {
    using T = decltype(zero);
    Model model({83}, 9, wide, dtype);
    check_joined_sums(static_cast<std::size_t>(model.network.size), 21, [&](int k) {
      RandomBatch<T> memory(model.data, 1 + k % 6, static_cast<std::uint64_t>(k));
      return model.sealed(memory.batch, {.lr = 0.1});
    });
  };
  check_dtype(0.0f, Dtype::float32);
  check_dtype(0.0, Dtype::float64);
}
