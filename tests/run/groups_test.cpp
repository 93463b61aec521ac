// Rounds whose clients are trained in groups, against rounds with a client a worker: every algorithm that is
// registered, states carried over, on any number of threads.
#include "catch.hpp"
#include "model/network.h"
#include "run/cohort.h"
#include "train/torch_threads.h"
#include "train/toy_data.h"

using namespace fedsim;
using namespace fedsim::test;

namespace {

class Rounds {
 public:
  Rounds(std::unique_ptr<Algorithm> algorithm, const std::string& trainer, std::int64_t group,
         std::int64_t threads)
      : method_(std::move(algorithm)), trainer_(trainer), group_(group), threads_(threads) {
    Describer defaults;
    rule_ = Registry<AggregateRule>::find("mean")->make(defaults);
  }
  /// Three rounds of 11 clients of 0 to 10 samples with the plain server step; the last round's rows beside
  /// the state.
  State run() {
    const Dataset data = toy_data({.rows = 60});
    Partition partition;
    partition.offsets = {0};
    for (const std::int64_t n : {3, 10, 0, 7, 1, 5, 5, 9, 2, 8, 4})
      partition.offsets.push_back(partition.offsets.back() + n);
    const auto engine =
        make_engine({.layers = {"linear 5", "dropout 0.2", "tanh", "linear 4"}, .torchscript = {}}, data,
                    trainer_, "cpu", Dtype::float64);
    const auto batched = engine->cohort_trainer(data);
    Workers workers(*engine, data, Dtype::float64, threads_);
    const CohortPlan plan{*method_, *rule_, partition, data, true, batched.get(), group_};
    State server;
    server.w = engine->initial(1);
    method_->init(server);
    ClientStates states("", ClientStates::most_in_checkpoint);
    const std::vector<std::int64_t> cohort{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    for (std::int64_t t = 1; t <= 3; ++t) {
      Round round = toy_round(local());
      round.index = t;
      round.population = round.cohort = 11;
      last = *run_cohort(plan, round, server, cohort, states, workers);
      server.w += method_->server(round, server, last.mean);
    }
    return server;
  }
  CohortResult last;

 private:
  static ClientOptions local() {
    ClientOptions options;
    options.lr = 0.1;
    options.momentum = 0.5;
    options.batch_size = 3;
    options.epochs = 2;
    return options;
  }
  std::unique_ptr<Algorithm> method_;
  std::unique_ptr<AggregateRule> rule_;
  std::string trainer_;
  std::int64_t group_, threads_;
};

std::unique_ptr<Algorithm> algorithm_of(const std::string& name) {
  Describer defaults;
  return Registry<Algorithm>::find(name)->make(defaults);
}

/// Trains, takes a gradient, and trains again only on some clients: requests of several kinds in one group.
class Mixed final : public Algorithm {
 public:
  Task<Update> client(const Round&, const State& server, ClientState&, Trainer& trainer) const override {
    Vec w = server.w;
    if (trainer.samples() % 2 == 0) {
      const double loss = co_await trainer.loss(server.w);
      const LocalJob job{.start = server.w, .prox = 0.1 * loss, .steps = trainer.samples() % 3 + 1};
      w = (co_await trainer.sgd(job)).w;
    }
    const GradientResult full = co_await trainer.gradient(w);
    const Vec start = w - 0.05 * full.gradient;
    const LocalJob job{.start = start, .linear = 0.1 * full.gradient, .epochs = 1};
    LocalResult y = co_await trainer.sgd(job);
    Update update{.delta = y.w - server.w};
    update.local = std::move(y);
    co_return update;
  }
};

void check_equal(const Rounds& a, const State& wa, const Rounds& b, const State& wb) {
  CHECK(norm(wa.w - wb.w) <= 1e-10 * norm(wb.w));
  for (const auto& [name, vector] : wb.vectors) CHECK(norm(wa[name] - vector) <= 1e-9 * norm(vector));
  CHECK(a.last.train_loss == Approx(b.last.train_loss).epsilon(1e-10));
  CHECK(a.last.mean.reported == b.last.mean.reported);
  REQUIRE(a.last.rows.size() == b.last.rows.size());
  for (std::size_t i = 0; i < a.last.rows.size(); ++i) {
    CHECK(a.last.rows[i].client == b.last.rows[i].client);
    CHECK(a.last.rows[i].steps == b.last.rows[i].steps);
    CHECK(a.last.rows[i].update_norm == Approx(b.last.rows[i].update_norm).epsilon(1e-9).margin(1e-12));
  }
}

}  // namespace

TEST_CASE("groups: rounds of every algorithm equal those of single clients", "[batched]") {
  use_one_torch_thread();
  for (const std::string& name : Registry<Algorithm>::names()) {
    INFO(name);
    Rounds single(algorithm_of(name), "autograd", 0, 1), grouped(algorithm_of(name), "batched", 4, 1);
    const State expected = single.run(), state = grouped.run();
    CHECK(norm(expected.w) > 0);
    check_equal(grouped, state, single, expected);
  }
}

TEST_CASE("groups: requests of several kinds, prox and steps in one group", "[batched]") {
  use_one_torch_thread();
  Rounds single(std::make_unique<Mixed>(), "autograd", 0, 1),
      grouped(std::make_unique<Mixed>(), "batched", 64, 1);
  const State expected = single.run(), state = grouped.run();
  check_equal(grouped, state, single, expected);
}

TEST_CASE("groups: threads do not change a bit", "[batched]") {
  use_one_torch_thread();
  Rounds one(algorithm_of("scaffold"), "batched", 3, 1);
  const State expected = one.run();
  for (const std::int64_t threads : {2, 5}) {
    Rounds many(algorithm_of("scaffold"), "batched", 3, threads);
    const State state = many.run();
    CHECK(state.w == expected.w);
    CHECK(state["c"] == expected["c"]);
    CHECK(many.last.train_loss == one.last.train_loss);
  }
}
