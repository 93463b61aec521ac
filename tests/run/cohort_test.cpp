// A round over fake clients: what is summed, what is dropped, which states are kept, on any number of threads.
#include "run/cohort.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

#include "catch.hpp"
#include "core/memory.h"
#include "core/sealed_change.h"

using namespace fedsim;

namespace {

/// One value, whose sums are rounded to float32 as they are made: they depend on which are added to each other and on the order.
class SealedValue final : public SealedChange {
 public:
  explicit SealedValue(double value) : value_(value) {}
  std::size_t size() const override { return 1; }
  Dtype dtype() const override { return Dtype::float64; }
  Magnitude magnitude() const override { return {.norm = std::abs(value_), .largest = std::isnan(value_) ? bound() : std::abs(value_)}; }
  double bound() const override { return std::isnan(value_) ? std::numeric_limits<double>::infinity() : std::abs(value_); }
  std::size_t held() const override { return 0; }
  bool joins(const SealedChange&) const override { return true; }
  std::unique_ptr<const BlockVector> sum(std::span<const WeightedChange> terms) const override {
    double total = 0;
    for (const auto& [change, weight] : terms)
      total = static_cast<float>(total + static_cast<double>(weight) * dynamic_cast<const SealedValue&>(*change).value_);
    return std::make_unique<One>(total);
  }

 private:
  struct One final : BlockVector {
    explicit One(double v) : value(v) {}
    std::size_t size() const override { return 1; }
    Dtype dtype() const override { return Dtype::float64; }
    std::size_t block(std::size_t) const override { return 1; }
    void compute(std::size_t, void* out) const override { *static_cast<double*>(out) = value; }
    double value;
  };
  double value_;
};

/// Every batch pulls w towards the first feature of its rows, f = 1/2 (w - x)^2; a row with feature 99 breaks it. A client of one
/// row leaves its change sealed, where it is asked for that.
class PullLearner final : public Learner {
 public:
  PullLearner(bool seals, bool takes_bytes) : seals_(seals), takes_bytes_(takes_bytes) {}
  bool begin(const Vec& start, const StepRule& rule, const RunShape&) override {
    w_ = start;
    start_ = start.at(0);
    rule_ = rule;
    sealed_ = nullptr;
    return false;
  }
  Evaluation step(const Batch& batch) override {
    const double x = batch.bytes ? batch.bytes[0][0] : static_cast<const double*>(batch.x)[0];
    const double w = w_.at(0);
    double g = w - x;
    if (rule_.linear != nullptr) g += rule_.linear->at(0);
    w_.set(0, x == 99 ? std::numeric_limits<double>::quiet_NaN() : w - rule_.lr * g);
    return {.loss = 0.5 * (w - x) * (w - x) * static_cast<double>(batch.count), .correct = 0, .count = batch.count};
  }
  Evaluation last_step(const Batch& batch, Answer answer) override {
    const Evaluation result = step(batch);
    if (seals_ && answer == Answer::sealed_change && batch.count == 1) sealed_ = std::make_unique<SealedValue>(w_.at(0) - start_);
    return result;
  }
  std::unique_ptr<const SealedChange> take_sealed() override { return std::move(sealed_); }
  float byte_divisor() const override { return takes_bytes_ ? 1 : 0; }
  Vec parameters() const override { return w_; }
  Evaluation gradient(const Vec&, const Batch&, Vec&) override { return {}; }
  Evaluation evaluate(const Vec&, const Batch&) override { return {}; }

 private:
  bool seals_, takes_bytes_;
  Vec w_;
  double start_ = 0;
  StepRule rule_;
  std::unique_ptr<const SealedChange> sealed_;
};

class PullEngine final : public Engine {
 public:
  std::unique_ptr<Learner> learner() const override { return std::make_unique<PullLearner>(seals, takes_bytes); }
  Vec initial(std::uint64_t) const override { return Vec(1, Dtype::float64); }
  std::string trainer() const override { return "fake"; }
  std::string device() const override { return "cpu"; }
  std::vector<Tensor> tensors() const override { return {{"w", {1}}}; }
  bool seals = false, takes_bytes = false;
};

/// Row i has the one feature values[i].
class Values final : public Samples {
 public:
  explicit Values(std::vector<double> values) : values_(std::move(values)) {}
  std::int64_t size() const override { return static_cast<std::int64_t>(values_.size()); }
  void gather(std::span<const std::int64_t> rows, float* x, std::int32_t* y) const override { copy(rows, x, y); }
  void gather(std::span<const std::int64_t> rows, double* x, std::int32_t* y) const override { copy(rows, x, y); }

 private:
  template <class T>
  void copy(std::span<const std::int64_t> rows, T* x, std::int32_t* y) const {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      x[i] = static_cast<T>(values_[static_cast<std::size_t>(rows[i])]);
      y[i] = 0;
    }
  }
  std::vector<double> values_;
};

/// Row i has the one byte i; writes down the rows that are read soon.
class StoredBytes final : public Samples {
 public:
  explicit StoredBytes(std::int64_t rows) : stored_(static_cast<std::size_t>(rows)) { std::iota(stored_.begin(), stored_.end(), std::uint8_t{0}); }
  std::int64_t size() const override { return static_cast<std::int64_t>(stored_.size()); }
  void gather(std::span<const std::int64_t>, float*, std::int32_t*) const override {}
  void gather(std::span<const std::int64_t>, double*, std::int32_t*) const override {}
  float byte_divisor() const override { return 1; }
  void find(std::span<const std::int64_t> rows, const std::uint8_t** x, std::int32_t* y) const override {
    for (const auto row : rows) *x++ = &stored_.at(static_cast<std::size_t>(row)), *y++ = 0;
  }
  void expect(std::span<const std::int64_t> rows, const std::uint8_t** x) const override {
    for (const auto row : rows) *x++ = &stored_.at(static_cast<std::size_t>(row)), expected.push_back(row);
  }
  mutable std::vector<std::int64_t> expected;

 private:
  std::vector<std::uint8_t> stored_;
};

struct Fixture {
  Fixture(const char* algorithm, std::vector<double> values, std::vector<std::int64_t> offsets) {
    data.sample_shape = {1};
    data.classes = 1;
    data.train = std::make_shared<Values>(std::move(values));
    partition.offsets = std::move(offsets);
    Describer defaults;
    method = Registry<Algorithm>::find(algorithm)->make(defaults);
    rule = Registry<AggregateRule>::find("mean")->make(defaults);
    server.w = Vec(1, Dtype::float64);
    method->init(server);
  }
  CohortResult run(std::int64_t threads, bool by_samples = true) {
    Workers workers(engine, data, Dtype::float64, threads);
    std::vector<std::int64_t> cohort(static_cast<std::size_t>(partition.clients()));
    std::iota(cohort.begin(), cohort.end(), 0);
    Round round{.index = 1, .population = partition.clients(), .cohort = partition.clients(), .client_lr = 1, .local = {}, .seed = 1};
    round.local.batch_size = 0;
    const CohortPlan plan{*method, *rule, partition, data, by_samples};
    return *run_cohort(plan, round, server, cohort, states, workers);
  }
  PullEngine engine;
  Dataset data;
  Partition partition;
  std::unique_ptr<Algorithm> method;
  std::unique_ptr<AggregateRule> rule;
  State server;
  ClientStates states{"", ClientStates::most_in_checkpoint};
};

}  // namespace

TEST_CASE("ranges that are shared between workers are the whole, each value once") {
  const PullEngine engine;
  const Dataset data;
  for (const std::int64_t threads : {1, 3}) {
    Workers workers(engine, data, Dtype::float64, threads);
    for (const std::size_t size : {0u, 1u, 6'143u, 6'144u, 7'850u, 40'000u, 1'000'003u}) {
      std::vector<int> visits(size);  // not atomic: a range belongs to one call
      workers.in_ranges(size, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) ++visits.at(i);
      });
      CHECK(std::ranges::all_of(visits, [](int count) { return count == 1; }));
    }
  }
}

TEST_CASE("a round weighs by samples or uniformly and reports each client") {
  // lr 1 and one step: client k moves to its value. Clients have 1 and 3 rows of 2 and 6.
  Fixture f("fedavg", {2, 6, 6, 6}, {0, 1, 4});
  const CohortResult result = f.run(1);
  CHECK(result.mean.delta.at(0) == (2 + 3 * 6) / 4.0);
  CHECK(f.run(1, false).mean.delta.at(0) == 4.0);
  REQUIRE(result.rows.size() == 2);
  CHECK(result.rows[1].client == 1);
  CHECK(result.rows[1].samples == 3);
  CHECK(result.rows[1].steps == 1);
  CHECK(result.rows[1].update_norm == 6.0);
  CHECK(result.rows[0].train_loss == 2.0);                // 1/2 (0 - 2)^2
  CHECK(result.train_loss == (2.0 + 3 * 18.0) / 4);       // over all samples processed
  CHECK(result.bytes_up == 2 * 8);
  CHECK(result.bytes_down == 2 * 8);
}

TEST_CASE("a non-finite update is dropped, counted and named, and its client's state is not kept") {
  Fixture f("scaffold", {2, 99, 6}, {0, 1, 2, 3});
  const CohortResult result = f.run(2, false);
  CHECK(result.nonfinite == 1);
  CHECK(result.first_nonfinite == 1);
  CHECK(result.rows[1].status == ClientStatus::nonfinite);
  CHECK(result.mean.reported == 2);
  CHECK(result.mean.delta.at(0) == 4.0);
  CHECK(f.states.of(0).vectors.contains("c"));
  CHECK(f.states.of(1).vectors.empty());
  CHECK(result.bytes_down == 3 * 16);  // w and c
}

TEST_CASE("each client's samples are asked for while the one before it is trained") {
  if (second_level_cache() == 0) {
    WARN("not checked: the system does not say how large a core's cache is");
    return;
  }
  Fixture clients("fedavg", {}, {0, 2, 5, 7});
  const auto bytes = std::make_shared<const StoredBytes>(7);
  clients.data.train = bytes;
  clients.engine.takes_bytes = true;
  const CohortResult result = clients.run(1);
  CHECK(bytes->expected == std::vector<std::int64_t>{0, 1, 5, 6});  // the client of three rows is the first
  CHECK(result.mean.delta.at(0) == Approx((3 * 2.0 + 2 * 0.0 + 2 * 5.0) / 7));  // each pulled to its first row, lr 1
}

TEST_CASE("threads do not change a bit of a round") {
  std::vector<double> values;
  std::vector<std::int64_t> offsets{0};
  Random random(3, Purpose::data);
  for (int k = 0; k < 40; ++k) {
    for (std::uint64_t i = 0; i <= random.below(5); ++i) values.push_back(random.normal() * std::exp(random.normal() * 3));
    offsets.push_back(static_cast<std::int64_t>(values.size()));
  }
  Fixture f("fedavg", values, offsets);
  const CohortResult one = f.run(1);
  for (const std::int64_t threads : {2, 3, 8}) {
    const CohortResult many = f.run(threads);
    CHECK(many.mean.delta == one.mean.delta);
    CHECK(many.train_loss == one.train_loss);
    for (std::size_t i = 0; i < one.rows.size(); ++i) CHECK(many.rows[i].update_norm == one.rows[i].update_norm);
  }
}

TEST_CASE("sealed changes are added in groups, in the order of work, whatever ends first and whatever is missing") {
  // Clients 0 to 74, one row each but 5 (none) and 6 (two, so that it is written and first in the order of work); 10 breaks.
  // Those in the sum: groups of places 0 to 23, .. in 6, 0, 1, .., 4, 7, .., 74, 5.
  std::vector<double> values;
  std::vector<std::int64_t> offsets{0}, order{6};
  Random random(3, Purpose::data);
  for (int k = 0; k < 75; ++k) {
    const int rows = k == 5 ? 0 : k == 6 ? 2 : 1;
    const double value = k == 10 ? 99 : random.normal() * std::exp(random.normal() * 3);
    values.insert(values.end(), static_cast<std::size_t>(rows), value);
    offsets.push_back(std::ssize(values));
    if (rows == 1) order.push_back(k);
  }
  order.push_back(5);
  double expected = 0;
  for (std::size_t first = 0; first < order.size(); first += 24) {
    float group = 0;
    for (std::size_t i = first; i < std::min(first + 24, order.size()); ++i) {
      const std::int64_t k = order[i];
      if (k != 5 && k != 6 && k != 10) group = static_cast<float>(static_cast<double>(group) + values[static_cast<std::size_t>(offsets[static_cast<std::size_t>(k)])]);
    }
    expected += static_cast<double>(group);
  }
  expected += 2 * values[6];  // 5 has no row: those of 6 are 5 and 6
  Fixture f("fedavg", values, offsets);
  f.engine.seals = true;
  for (const std::int64_t threads : {1, 2, 3, 8})
    for (int repeat = 0; repeat < 20; ++repeat) {
      const CohortResult result = f.run(threads);
      CHECK(result.nonfinite == 1);
      CHECK(result.first_nonfinite == 10);
      CHECK(result.mean.reported == 74);
      REQUIRE(result.mean.delta.at(0) == Approx(expected / 74).epsilon(1e-14));
    }
}
