// The SGD rule against the loop of learner.h's comment, on gradients of the learner at each point, in
// float64.
#include <cmath>

#include "catch.hpp"
#include "models.h"

using namespace fedsim;
using namespace fedsim::test;

namespace {

/// Steps by hand: g = grad, clipped, + weight_decay w + prox (w - anchor) + linear; v = momentum v + g; w -=
/// lr v.
Vec by_hand(Learner& learner, Vec w, const StepRule& rule, const std::vector<Batch>& batches) {
  Vec v(w.size(), w.dtype());
  for (const Batch& batch : batches) {
    Vec g(w.size(), Dtype::float64);
    const Evaluation result = learner.gradient(w, batch, g);
    g /= static_cast<double>(result.count);
    const double length = norm(g);
    if (rule.clip > 0 && length > rule.clip) g *= rule.clip / length;
    g += rule.weight_decay * w;
    if (rule.prox != 0) g += rule.prox * (w - *rule.anchor);
    if (rule.linear) g += *rule.linear;
    v = rule.momentum * v + g;
    w -= rule.lr * v;
  }
  return w;
}

void check(const Dataset& data, const std::vector<std::string>& layers) {
  const Network network = build_network(layers, data);
  const auto engine = compiled_engine(network, data, Dtype::float64);
  const auto learner = engine->learner(), reference = engine->learner();
  const Vec start = random_parameters(network, 1, Dtype::float64),
            anchor = random_parameters(network, 2, Dtype::float64);
  const Vec linear = 0.1 * random_parameters(network, 3, Dtype::float64);
  std::vector<RandomBatch<double>> memory;
  for (const std::int64_t count : {4, 7, 1, 5})
    memory.emplace_back(data, count, static_cast<std::uint64_t>(count));
  std::vector<Batch> batches;
  for (auto& part : memory) batches.push_back(part.batch);

  const std::vector<StepRule> rules{
      {.lr = 0.1},
      {.lr = 0.1, .weight_decay = 0.01},
      {.lr = 0.1, .momentum = 0.9},
      {.lr = 0.1, .clip = 0.05},
      {.lr = 0.1, .clip = 1e6},
      {.lr = 0.1, .prox = 0.3, .anchor = &anchor},
      {.lr = 0.1, .linear = &linear},
      {.lr = 0.05,
       .momentum = 0.5,
       .weight_decay = 0.01,
       .clip = 0.2,
       .prox = 0.1,
       .anchor = &anchor,
       .linear = &linear},
      {.lr = 0.05, .weight_decay = 0.01, .prox = 0.1, .anchor = &start, .linear = &linear}};
  for (const StepRule& rule : rules) {
    learner->begin(start, rule);
    CHECK(learner->parameters() == start);
    for (const Batch& batch : batches) learner->step(batch);
    const Vec w = learner->parameters(), expected = by_hand(*reference, start, rule, batches);
    CHECK(norm(w - expected) <= 1e-12 * norm(expected));
    CHECK(norm(w - start) > 1e-3);
    CHECK(learner->take() == w);

    learner->begin(start, rule);
    CHECK(norm(learner->take_difference(start)) == 0);
    for (std::size_t last = 1; last <= batches.size(); ++last) {
      learner->begin(start, rule);
      reference->begin(start, rule);
      for (std::size_t i = 0; i < last; ++i) {
        reference->step(batches[i]);
        i + 1 == last ? learner->last_step(batches[i], Answer::change) : learner->step(batches[i]);
      }
      CHECK(learner->take_difference(start) == reference->take() - start);  // bit for bit
    }
  }
}

}  // namespace

TEST_CASE("momentum, weight decay, clipping, prox and linear terms", "[compiled]") {
  check(shaped({13}, 5), {"linear 21", "relu", "linear 5"});
  check(shaped({2, 6, 6}, 3), {"conv 4 3 same", "groupnorm 2", "relu", "maxpool 2", "flatten", "linear 3"});
  check(shaped({5}, 7, 5, 7), {"embedding 3", "lstm 4", "linear 7"});
}

TEST_CASE("float32 follows float64", "[compiled]") {
  const Dataset data = shaped({1, 12, 12}, 4);
  const Network network =
      build_network({"conv 6 5", "relu", "maxpool 2", "flatten", "linear 20", "relu", "linear 4"}, data);
  const auto single = compiled_engine(network, data, Dtype::float32)->learner();
  const auto twice = compiled_engine(network, data, Dtype::float64)->learner();
  const Vec start32 = initial_parameters(network, 1, Dtype::float32);
  Vec start64(start32.size(), Dtype::float64);
  for (std::size_t i = 0; i < start32.size(); ++i) start64.set(i, start32.at(i));
  const StepRule rule{.lr = 0.05, .momentum = 0.5};
  single->begin(start32, rule);
  twice->begin(start64, rule);
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    RandomBatch<float> a(data, 10, seed);
    RandomBatch<double> b(data, 10, seed);
    for (std::size_t i = 0; i < a.x.size(); ++i) b.x[i] = static_cast<double>(a.x[i]);
    single->step(a.batch);
    twice->step(b.batch);
  }
  const Vec w32 = single->parameters(), w64 = twice->parameters();
  double difference = 0;
  for (std::size_t i = 0; i < w64.size(); ++i) difference += std::pow(w32.at(i) - w64.at(i), 2);
  CHECK(std::sqrt(difference) <= 1e-6 * norm(w64));
}

TEST_CASE("bits do not depend on the learner's past", "[compiled]") {
  const Dataset data = shaped({1, 8, 8}, 3);
  const Network network =
      build_network({"conv 5 3", "relu", "maxpool 2", "flatten", "dropout 0.5", "linear 3"}, data);
  const auto engine = compiled_engine(network, data, Dtype::float32);
  const Vec start = initial_parameters(network, 1, Dtype::float32);
  RandomBatch<float> small(data, 3, 1), large(data, 50, 2);
  const auto train = [&](Learner& learner) {
    learner.begin(start, {.lr = 0.1, .momentum = 0.9});
    learner.step(small.batch);
    learner.step(small.batch);
    return learner.parameters();
  };
  const auto fresh = engine->learner(), used = engine->learner();
  used->evaluate(start, large.batch);
  used->begin(start, {.lr = 7});
  used->step(large.batch);
  CHECK(train(*fresh) == train(*used));
}
