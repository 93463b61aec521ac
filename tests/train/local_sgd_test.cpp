// The loop over epochs and batches, seen by a learner that only writes down what it gets.
#include "train/local_sgd.h"

#include <set>

#include "catch.hpp"
#include "toy_data.h"

using namespace fedsim;
using namespace fedsim::test;

namespace {

struct Seen {
  std::vector<std::int64_t> counts;
  std::vector<double> first_features;  // of every sample
  std::vector<std::uint32_t> dropout;  // first word of each step's stream
  std::vector<std::int32_t> labels;
  StepRule rule;
  RunShape shape;
  std::int64_t at_once = 0;            // samples that were given together
};

/// Loss of a batch: its number in the run, so that the mean can be told; parameters: one number, the steps taken.
class Scribe final : public Learner {
 public:
  explicit Scribe(Seen& seen, bool wants_all = false) : seen_(seen), wants_all_(wants_all) {}
  bool begin(const Vec&, const StepRule& rule, const RunShape& shape) override {
    seen_ = {};
    seen_.rule = rule;
    seen_.shape = shape;
    return wants_all_;
  }
  void samples(const Batch& all) override {
    seen_.at_once = all.count;
    all_ = static_cast<const double*>(all.x);
  }
  Evaluation step(const Batch& batch) override {
    note(batch);
    Random dropout(batch.dropout);
    seen_.dropout.push_back(dropout.bits32());
    return {.loss = static_cast<double>(seen_.counts.size() * static_cast<std::size_t>(batch.count)), .correct = 0,
            .count = batch.count};
  }
  Vec parameters() const override {
    Vec w(1, Dtype::float64);
    w.set(0, static_cast<double>(seen_.counts.size()));
    return w;
  }
  Evaluation gradient(const Vec&, const Batch& batch, Vec& gradient) override {
    note(batch);
    gradient.set(0, gradient.at(0) + 3.0 * static_cast<double>(batch.count));
    return {.loss = 2.0 * static_cast<double>(batch.count), .correct = 0, .count = batch.count};
  }
  Evaluation evaluate(const Vec&, const Batch& batch) override {
    note(batch);
    return {.loss = 1, .correct = 2, .count = batch.count};
  }

 private:
  void note(const Batch& batch) {
    seen_.counts.push_back(batch.count);
    for (std::int64_t i = 0; i < batch.count; ++i) {
      seen_.first_features.push_back(batch.places ? all_[6 * batch.places[i]] : static_cast<const double*>(batch.x)[6 * i]);
      seen_.labels.push_back(batch.y[i]);
    }
  }
  Seen& seen_;
  bool wants_all_;
  const double* all_ = nullptr;
};

double feature(const Dataset& data, std::int64_t row) {
  std::vector<double> x(6);
  std::int32_t y = 0;
  const std::int64_t rows[] = {row};
  data.train->gather(rows, x.data(), &y);
  return x[0];
}

struct Fixture {
  explicit Fixture(std::int64_t rows = 23) : data(toy_data({.rows = rows})) {}
  Dataset data;
  Seen seen;
  Worker worker{std::make_unique<Scribe>(seen), data, Dtype::float64};
  Vec start{1, Dtype::float64};
};

}  // namespace

TEST_CASE("every epoch is a new seeded shuffle of the client's rows, the last partial batch kept") {
  Fixture my;
  ClientOptions local;
  local.batch_size = 10;
  local.epochs = 2;
  const Round round = toy_round(local);
  const std::vector<std::uint32_t> list{4, 8, 15, 16, 22, 3, 1, 0, 7, 9, 11, 2};
  const LocalResult result =
      my.worker.sgd({.client = 7, .rows = Rows(std::span(list))}, round, LocalJob{.start = my.start});
  CHECK(my.seen.counts == std::vector<std::int64_t>{10, 2, 10, 2});
  CHECK(result.steps == 4);
  CHECK(result.processed == 24);
  CHECK(result.w.at(0) == 4);
  CHECK(result.loss == Approx((1 * 10 + 2 * 2 + 3 * 10 + 4 * 2) / 24.0));  // by samples, not by batches
  std::vector<double> expected;
  for (const auto& batch : expected_batches(round, 7, 12, 2))
    for (const auto position : batch) expected.push_back(feature(my.data, list[static_cast<std::size_t>(position)]));
  CHECK(my.seen.first_features == expected);
  const std::multiset<double> first(expected.begin(), expected.begin() + 12), second(expected.begin() + 12, expected.end());
  CHECK(first == second);
  CHECK_FALSE(std::equal(expected.begin(), expected.begin() + 12, expected.begin() + 12));
}

TEST_CASE("steps count batches and begin new epochs") {
  Fixture my;
  ClientOptions local;
  local.batch_size = 10;
  local.steps = 5;
  const LocalResult result =
      my.worker.sgd({.client = 7, .rows = Rows(0, 23)}, toy_round(local), LocalJob{.start = my.start});
  CHECK(my.seen.counts == std::vector<std::int64_t>{10, 10, 3, 10, 10});
  CHECK(result.processed == 43);
}

TEST_CASE("a learner that wants all samples at once gets the same batches by their places, in the order of the first epoch") {
  const Dataset data = toy_data({.rows = 23});
  Seen batch_by_batch, at_once;
  Worker plain(std::make_unique<Scribe>(batch_by_batch), data, Dtype::float64);
  Worker all(std::make_unique<Scribe>(at_once, true), data, Dtype::float64);
  const Vec start(1, Dtype::float64);
  for (const std::int64_t batch_size : {10, 0}) {
    ClientOptions local;
    local.batch_size = batch_size;
    local.epochs = 3;
    Round round = toy_round(local);
    round.w = &start;
    const ClientData client{.client = 7, .rows = Rows(2, 17)};
    const LocalResult expected = plain.sgd(client, round, LocalJob{.start = start});
    const LocalResult result = all.sgd(client, round, LocalJob{.start = start});
    CHECK(at_once.at_once == 17);
    CHECK(at_once.first_features == batch_by_batch.first_features);
    CHECK(at_once.labels == batch_by_batch.labels);
    CHECK(at_once.counts == batch_by_batch.counts);
    CHECK(at_once.dropout == batch_by_batch.dropout);
    CHECK(result.loss == expected.loss);
    CHECK(result.processed == 51);
    CHECK(at_once.shape.samples == 17);
    CHECK(at_once.shape.visits == 51);
    CHECK(at_once.shape.batch == (batch_size == 0 ? 17 : 10));
    CHECK(at_once.shape.start == static_cast<std::uint64_t>(round.index));
    const Vec other(1, Dtype::float64);
    plain.sgd(client, round, LocalJob{.start = other});
    CHECK(batch_by_batch.shape.start == 0);
  }
}

TEST_CASE("a run that does not see all samples, or not as they are stored, says so") {
  Fixture my;
  ClientOptions local;
  local.batch_size = 10;
  local.steps = 2;
  my.worker.sgd({.client = 7, .rows = Rows(0, 23)}, toy_round(local), LocalJob{.start = my.start});
  CHECK(my.seen.shape.samples == 0);
  CHECK(my.seen.shape.visits == 20);
  local.steps = 5;
  my.worker.sgd({.client = 7, .rows = Rows(0, 23)}, toy_round(local), LocalJob{.start = my.start});
  CHECK(my.seen.shape.samples == 23);
  CHECK(my.seen.shape.visits == 43);
  my.worker.sgd({.client = 7, .rows = Rows(0, 23), .noise = 0.5}, toy_round(local), LocalJob{.start = my.start});
  CHECK(my.seen.shape.samples == 0);
}

TEST_CASE("batch size 0 is the whole client in its order; a client without rows stays where it started") {
  Fixture my;
  ClientOptions local;
  local.batch_size = 0;
  my.worker.sgd({.client = 7, .rows = Rows(2, 20)}, toy_round(local), LocalJob{.start = my.start});
  CHECK(my.seen.counts == std::vector<std::int64_t>{20});
  CHECK(my.seen.first_features[5] == feature(my.data, 7));
  const LocalResult none = my.worker.sgd({.client = 7, .rows = Rows(0, 0)}, toy_round(local), LocalJob{.start = my.start});
  CHECK(none.steps == 0);
  CHECK(none.processed == 0);
  CHECK(none.w == my.start);
  CHECK(none.loss == 0);
  CHECK(my.worker.gradient({.client = 7, .rows = Rows(0, 0)}, toy_round(local), my.start).gradient.at(0) == 0);
}

TEST_CASE("the anchor is the start where none is given, and absent without a proximal term") {
  Fixture my;
  const ClientData client{.client = 7, .rows = Rows(0, 5)};
  const Vec anchor(1, Dtype::float64);
  my.worker.sgd(client, toy_round({}), LocalJob{.start = my.start, .prox = 1});
  CHECK(my.seen.rule.anchor == &my.start);
  my.worker.sgd(client, toy_round({}), LocalJob{.start = my.start, .prox = 1, .anchor = &anchor});
  CHECK(my.seen.rule.anchor == &anchor);
  my.worker.sgd(client, toy_round({}), LocalJob{.start = my.start, .anchor = &anchor});
  CHECK(my.seen.rule.anchor == nullptr);
  CHECK(my.seen.rule.linear == nullptr);
}

TEST_CASE("feature noise is fresh at each access and of the client's deviation") {
  Fixture my(2000);
  ClientOptions local;
  local.epochs = 2;
  local.batch_size = 100;
  const Round round = toy_round(local);
  my.worker.sgd({.client = 7, .rows = Rows(0, 2000), .noise = 0.5}, round, LocalJob{.start = my.start});
  double square = 0;
  std::set<double> distinct;
  std::size_t i = 0;
  for (const auto& batch : expected_batches(round, 7, 2000, 2))
    for (const auto row : batch) {
      const double noise = my.seen.first_features[i++] - feature(my.data, row);
      square += noise * noise / 4000;
      distinct.insert(noise);
    }
  // Variance 0.25, its relative deviation sqrt(2 / 4000) = 0.022: five of them.
  CHECK(square == Approx(0.25).epsilon(0.11));
  CHECK(distinct.size() == 4000);
}

TEST_CASE("every step has a dropout stream of its own") {
  Fixture my;
  ClientOptions local;
  local.steps = 50;
  my.worker.sgd({.client = 7, .rows = Rows(0, 23)}, toy_round(local), LocalJob{.start = my.start});
  CHECK(std::set(my.seen.dropout.begin(), my.seen.dropout.end()).size() == 50);
  const auto before = my.seen.dropout;
  my.worker.sgd({.client = 8, .rows = Rows(0, 23)}, toy_round(local), LocalJob{.start = my.start});
  CHECK(my.seen.dropout != before);
}

TEST_CASE("a whole client's gradient and an evaluation go piece by piece") {
  Fixture my(1000);
  const GradientResult g = my.worker.gradient({.client = 7, .rows = Rows(0, 1000)}, toy_round({}), my.start);
  CHECK(g.gradient.at(0) == 3);
  CHECK(g.loss == 2);
  CHECK(g.samples == 1000);
  CHECK(*std::max_element(my.seen.counts.begin(), my.seen.counts.end()) <= 256);
  my.seen = {};
  const Evaluation sums = my.worker.test(100, 700, my.start);
  CHECK(sums.count == 700);
  CHECK(sums.correct == 2 * static_cast<std::int64_t>(my.seen.counts.size()));
  CHECK(my.seen.first_features.size() == 700);
}
