// Where a round's time goes on one thread: the training steps, timed one by one inside a run, and the rest, writing the
// result among it, evaluations not. A run of one round goes before, for warm caches. The result file is OUTPUT, which is
// replaced.
// Usage: fedsim_bench_rest CONFIG OUTPUT [KEY=VALUE ...]     keys as those of fedsim run --set; threads is 1
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "run/run.h"

namespace {

using namespace fedsim;
using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point from, Clock::time_point to) { return std::chrono::duration<double>(to - from).count(); }

/// Calls of one kind.
struct Timed {
  const char* name;
  double seconds = 0;
  std::int64_t calls = 0;
};

/// What the learner of the only thread spends. `products`: those that a sealed change leaves to the sum, without what prepares
/// them there; the last step makes such a change, its norm too.
struct Spent {
  Timed steps{"steps"}, products{"products left to the sum"}, hand_over{"begin and end of local runs"};
};

template <class Work>
auto timed(Timed& kind, const Work& work) {
  const auto from = Clock::now();
  auto result = work();
  kind.seconds += seconds_between(from, Clock::now());
  ++kind.calls;
  return result;
}

class TimedVector final : public BlockVector {
 public:
  TimedVector(std::unique_ptr<const BlockVector> vector, Spent& spent) : vector_(std::move(vector)), spent_(spent) {}
  std::size_t size() const override { return vector_->size(); }
  Dtype dtype() const override { return vector_->dtype(); }
  std::span<const MatrixAt> by_columns() const override { return vector_->by_columns(); }
  std::size_t block(std::size_t first) const override { return vector_->block(first); }
  void compute(std::size_t first, void* out) const override {
    timed(spent_.products, [&] { return vector_->compute(first, out), 0; });
  }

 private:
  std::unique_ptr<const BlockVector> vector_;
  Spent& spent_;
};

class TimedChange final : public SealedChange {
 public:
  TimedChange(std::unique_ptr<const SealedChange> change, Spent& spent) : change_(std::move(change)), spent_(spent) {}
  std::size_t size() const override { return change_->size(); }
  Dtype dtype() const override { return change_->dtype(); }
  Magnitude magnitude() const override { return change_->magnitude(); }
  double bound() const override { return change_->bound(); }
  std::size_t held() const override { return change_->held(); }
  bool joins(const SealedChange& other) const override { return change_->joins(*inner(other)); }
  std::unique_ptr<const BlockVector> sum(std::span<const WeightedChange> terms) const override {
    std::vector<WeightedChange> inner_terms;
    for (const auto& [change, weight] : terms) inner_terms.push_back({inner(*change), weight});
    return std::make_unique<TimedVector>(change_->sum(inner_terms), spent_);
  }

 private:
  static const SealedChange* inner(const SealedChange& change) { return dynamic_cast<const TimedChange&>(change).change_.get(); }
  std::unique_ptr<const SealedChange> change_;
  Spent& spent_;
};

/// Times another learner's work in local runs. What it takes from a start to the first step and from the last one to the
/// change is no step.
class TimedLearner final : public Learner {
 public:
  TimedLearner(std::unique_ptr<Learner> learner, Spent& spent) : learner_(std::move(learner)), spent_(spent) {}

  bool begin(const Vec& start, const StepRule& rule, const RunShape& shape) override {
    return timed(spent_.hand_over, [&] { return learner_->begin(start, rule, shape); });
  }
  void samples(const Batch& all) override {
    timed(spent_.steps, [&] { return learner_->samples(all), 0; });
  }
  Evaluation step(const Batch& batch) override {
    return timed(spent_.steps, [&] { return learner_->step(batch); });
  }
  Evaluation last_step(const Batch& batch, Answer answer) override {
    return timed(spent_.steps, [&] { return learner_->last_step(batch, answer); });
  }
  Vec take() override {
    return timed(spent_.hand_over, [&] { return learner_->take(); });
  }
  std::unique_ptr<const SealedChange> take_sealed() override {
    auto change = timed(spent_.hand_over, [&] { return learner_->take_sealed(); });
    if (!change) return change;
    return std::make_unique<TimedChange>(std::move(change), spent_);
  }
  Vec take_difference(const Vec& start) override {
    return timed(spent_.hand_over, [&] { return learner_->take_difference(start); });
  }
  Vec parameters() const override { return learner_->parameters(); }
  Evaluation gradient(const Vec& w, const Batch& batch, Vec& gradient) override {
    return timed(spent_.steps, [&] { return learner_->gradient(w, batch, gradient); });
  }
  Evaluation evaluate(const Vec& w, const Batch& batch) override { return learner_->evaluate(w, batch); }
  std::int64_t rows_at_once() const override { return learner_->rows_at_once(); }
  float byte_divisor() const override { return learner_->byte_divisor(); }
  bool whole_clients() const override { return learner_->whole_clients(); }

 private:
  std::unique_ptr<Learner> learner_;
  Spent& spent_;
};

class TimedEngine final : public Engine {
 public:
  TimedEngine(std::unique_ptr<Engine> engine, Spent& spent) : engine_(std::move(engine)), spent_(spent) {
    instruction_set = engine_->instruction_set;
  }
  std::unique_ptr<Learner> learner() const override { return std::make_unique<TimedLearner>(engine_->learner(), spent_); }
  std::unique_ptr<CohortTrainer> cohort_trainer(const Dataset& data) const override {
    if (engine_->cohort_trainer(data)) throw std::runtime_error("clients that are trained many at a time have no steps of their own");
    return nullptr;
  }
  Vec initial(std::uint64_t seed) const override { return engine_->initial(seed); }
  std::string trainer() const override { return engine_->trainer(); }
  std::string device() const override { return engine_->device(); }
  std::vector<Tensor> tensors() const override { return engine_->tensors(); }
  bool accuracy_defined() const override { return engine_->accuracy_defined(); }
  std::int64_t test_rows(const Dataset& data) const override { return engine_->test_rows(data); }

 private:
  std::unique_ptr<Engine> engine_;
  Spent& spent_;
};

class Rounds final : public RunObserver {
 public:
  std::unique_ptr<Engine> instrument(std::unique_ptr<Engine> engine) override {
    return std::make_unique<TimedEngine>(std::move(engine), spent_);
  }
  void round(const RoundRow& row) override {
    if (row.round == 0) return;
    ++rounds_;
    seconds_ += row.seconds - row.seconds_evaluate;
  }
  /// Means over the rounds, without what the looks at the clock took: each call has one within its time and one outside.
  void report() const {
    if (rounds_ == 0) throw std::runtime_error("rounds: at least 1");
    const double reading = seconds_of_a_reading();
    const std::array all{spent_.steps, spent_.products, spent_.hand_over};
    double total = seconds_;
    for (const Timed& part : all) total -= 2 * static_cast<double>(part.calls) * reading;
    double rest = total;
    std::string parts;
    for (const Timed& part : all) {
      const double seconds = part.seconds - static_cast<double>(part.calls) * reading;
      parts += fmt::format("{} {:.1f} %, ", part.name, 100 * seconds / total);
      rest -= seconds;
    }
    fmt::print("{:.3f} ms a round, of which {}all else {:.1f} %\n", 1e3 * total / static_cast<double>(rounds_), parts,
               100 * rest / total);
  }

 private:
  static double seconds_of_a_reading() {
    constexpr int times = 1000000;
    const auto from = Clock::now();
    for (int i = 1; i < times; ++i) static_cast<void>(Clock::now());
    return seconds_between(from, Clock::now()) / times;
  }

  Spent spent_;
  std::int64_t rounds_ = 0;
  double seconds_ = 0;  // without evaluations
};

void run(const char* config, const char* output, std::vector<std::string> sets, RunObserver& observer) {
  sets.push_back("threads=1");
  const RunOutcome outcome = run_experiment(read_experiment(config, sets), {.output = output, .force = true}, observer);
  if (outcome.exit != Exit::done) throw std::runtime_error(fmt::format("{}: {} {}", config, outcome.status, outcome.why));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 3) throw std::runtime_error("usage: fedsim_bench_rest CONFIG OUTPUT [KEY=VALUE ...]");
    std::vector<std::string> sets(argv + 3, argv + argc), one_round = sets;
    one_round.push_back("rounds=1");
    Rounds warm_up, rounds;
    run(argv[1], argv[2], one_round, warm_up);
    run(argv[1], argv[2], sets, rounds);
    rounds.report();
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
