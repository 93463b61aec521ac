#include "run/run.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <deque>
#include <utility>

#include "core/text.h"
#include "run/cohort.h"
#include "run/divergence.h"
#include "run/evaluate.h"
#include "run/resume.h"
#include "run/state_room.h"
#include "run/stop.h"
#include "run/workers.h"
#include "train/torch_version.h"

namespace fedsim {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

ResultHeader header_of(const Experiment& experiment, const RunRequest& request, const Engine& engine,
                       std::int64_t threads, std::int64_t cohort, const std::optional<ResumePoint>& from) {
  ResultHeader header;
  header.path = request.output;
  header.rounds = experiment.run.rounds;
  header.force = request.force || request.resume;
  if (from) {
    header.taken_rounds = from->rows.rounds;
    header.taken_clients = from->rows.clients;
  }
  header.client_rows = experiment.output.per_client;
  header.cohort = cohort;
  header.attributes = {{"config", experiment.resolved},
                       {"config_hash", experiment.hash},
                       {"source_config", experiment.source_config},
                       {"seed", experiment.run.seed},
                       {"name", experiment.run.name},
                       {"fedsim_version", std::string(FEDSIM_VERSION)},
                       {"libtorch_version", torch_version()},
                       {"trainer", engine.trainer()},
                       {"device", engine.device()},
                       {"isa", engine.instruction_set},
                       {"threads", threads}};
  if (from && !from->checkpoint.resumed_on.empty()) header.attributes["resumed_on"] = from->checkpoint.resumed_on;
  for (const auto& tensor : engine.tensors()) header.tensors.push_back({tensor.name, tensor.shape});
  return header;
}

/// What this run is, as its checkpoints say.
Checkpoint identity(const Experiment& experiment, const Engine& engine) {
  Checkpoint here;
  here.config_hash = experiment.hash;
  here.config = experiment.resolved;
  here.fedsim_version = FEDSIM_VERSION;
  here.libtorch_version = torch_version();
  here.trainer = engine.trainer();
  here.device = engine.device();
  here.isa = engine.instruction_set;
  return here;
}

/// An experiment in progress: what Algorithm 1 of a paper keeps between its lines.
class Loop {
 public:
  Loop(const Experiment& experiment, const RunRequest& request, RunObserver& observer)
      : experiment_(experiment),
        observer_(observer),
        output_(request.output),
        begin_(Clock::now()),
        prepared_(prepare(experiment)),
        engine_(observer.instrument(prepare_engine(experiment, prepared_.data))),
        workers_(*engine_, prepared_.data, experiment.run.value_type(), experiment.run.threads),
        population_(prepared_.partition.clients()),
        cohort_size_(cohort_size()),
        batched_(engine_->cohort_trainer(prepared_.data)),
        plan_{*experiment.algorithm.object, *experiment.rule.object, prepared_.partition, prepared_.data,
              weight_by_samples(), batched_.get(), experiment.run.batched_clients},
        from_(request.resume ? resume_point(request) : std::nullopt),
        room_(state_room(experiment, population_, cohort_size_, parameters())),
        states_(store_path(request.output), room_.memory),
        writer_(header_of(experiment, request, *engine_, workers_.threads(), cohort_size_, from_)) {
    check_room();
    writer_.partition(prepared_.partition, prepared_.data);
    if (from_)
      go_on();
    else
      begin_anew();
    announce();
  }

  RunOutcome run() {
    outcome_.status = "complete";
    lap_ = Clock::now();
    bool going = from_ ? !stop_requested() : record(initial_row(), {});
    for (std::int64_t t = outcome_.last.round + 1; going && t <= experiment_.run.rounds; ++t) going = round(t);
    if (stop_requested() && outcome_.last.round < experiment_.run.rounds && outcome_.exit == Exit::done) {
      outcome_.exit = *stop_requested();
      outcome_.status = "stopped";
    }
    if (outcome_.status != "diverged") save_checkpoint();
    writer_.finish(outcome_.status, state_.w);
    tell();
    outcome_.seconds = seconds_since(begin_);
    return outcome_;
  }

 private:
  /// Algorithm 1 of every paper: draw a cohort, let its clients train, take the mean, step. False: stop here.
  bool round(std::int64_t t) {
    const auto begin = Clock::now();
    const Round round{.index = t,
                      .population = population_,
                      .cohort = cohort_size_,
                      .client_lr = experiment_.client.lr * std::pow(experiment_.client.lr_decay, static_cast<double>(t - 1)),
                      .local = experiment_.client,
                      .seed = seed(),
                      .w = &state_.w};
    const auto cohort = experiment_.sampler->sample(
        {.round = t, .population = population_, .cohort = cohort_size_, .offsets = prepared_.partition.offsets},
        Random(seed(), Purpose::cohort, static_cast<std::uint64_t>(t)));
    auto clients = run_cohort(plan_, round, state_, cohort, states_, workers_);
    if (!clients) return false;  // stopped: the round is dropped
    RoundRow row = row_of(t, *clients);
    row.seconds_train = seconds_since(begin);

    const auto aggregation = Clock::now();
    const bool diverged = has_diverged(*clients, t);
    if (clients->mean.reported > 0 && !diverged) {
      row.update_norm = norm(clients->mean.delta);
      experiment_.server->step(state_, experiment_.algorithm->server(round, state_, std::move(clients->mean)));
    }
    row.seconds_aggregate = seconds_since(aggregation);

    evaluate_if_due(row, diverged);
    row.seconds = lap();
    const bool going = record(row, clients->rows) && !diverged;
    const std::int64_t every = experiment_.output.checkpoint_every;
    if (going && every > 0 && t % every == 0) save_checkpoint();
    return going;
  }

  void begin_anew() {
    remove_checkpoints(checkpoint_path(output_));  // of an earlier run: not of this one
    states_.remove_store();
    state_.w = engine_->initial(seed());
    experiment_.algorithm->init(state_);
  }

  std::optional<ResumePoint> resume_point(const RunRequest& request) {
    auto point = find_resume_point(output_, identity(experiment_, *engine_),
                                   {.rounds = experiment_.run.rounds,
                                    .evaluate_every = experiment_.evaluate.every,
                                    .allow_different_machine = request.allow_different_machine,
                                    .warn = [&](const std::string& text) { observer_.warning(text); }});
    if (!point) return point;
    // A run that is cut short, to the rounds of its checkpoint, ends in a round that was not evaluated.
    RoundRow& last = point->rows.rounds.back();
    if (last.round == experiment_.run.rounds && std::isnan(last.test_loss))
      evaluate_into(last, point->checkpoint.state.w);
    return point;
  }

  void go_on() {
    if (from_->checkpoint.fell_back) remove_newest_checkpoint(checkpoint_path(output_));
    resumed_on_ = from_->checkpoint.resumed_on;
    state_ = std::move(from_->checkpoint.state);
    states_.restore(from_->checkpoint);
    saved_ = from_->checkpoint.round;
    for (const RoundRow& row : from_->rows.rounds) remember(row);
  }

  /// Everything after the last committed round.
  void save_checkpoint() {
    if (saved_ == outcome_.last.round) return;
    Checkpoint checkpoint = identity(experiment_, *engine_);
    checkpoint.round = saved_ = outcome_.last.round;
    checkpoint.resumed_on = resumed_on_;
    checkpoint.state = state_;
    states_.save(checkpoint);
    writer_.sync();  // a checkpoint that outlives a power loss finds its rows
    tell();
    write_checkpoint(checkpoint_path(output_), checkpoint);
    states_.saved(checkpoint.round);
  }

  RoundRow row_of(std::int64_t t, const CohortResult& clients) const {
    RoundRow row;
    row.round = t;
    row.train_loss = clients.train_loss;
    row.clients = clients.mean.reported;
    row.dropped = clients.nonfinite;
    row.nonfinite = clients.nonfinite;
    row.bytes_up = clients.bytes_up;
    row.bytes_down = clients.bytes_down;
    return row;
  }

  /// on_nonfinite: "drop" ends the run only when nothing finite is left, "stop" and "fail" at the first bad update,
  /// "fail" as an error.
  bool has_diverged(const CohortResult& clients, std::int64_t t) {
    if (clients.nonfinite == 0) return false;
    const std::string& policy = experiment_.aggregate.on_nonfinite;
    if (policy == "drop" && clients.mean.reported > 0) return false;
    outcome_.exit = Exit::diverged;
    outcome_.status = "diverged";
    outcome_.why = divergence_message({.round = t,
                                       .nonfinite = clients.nonfinite,
                                       .chosen = static_cast<std::int64_t>(clients.rows.size()),
                                       .client = clients.first_nonfinite,
                                       .coordinate = clients.nonfinite_at},
                                      engine_->tensors(), norms_);
    return true;
  }

  RoundRow initial_row() {
    RoundRow row;
    evaluate_if_due(row, false);
    row.seconds = lap();
    return row;
  }

  void evaluate_if_due(RoundRow& row, bool last) {
    if (!last && row.round != experiment_.run.rounds && row.round % experiment_.evaluate.every != 0) return;
    writer_.commit_before(seconds_to_evaluate_);
    tell();
    evaluate_into(row, state_.w);
  }

  void evaluate_into(RoundRow& row, const Vec& w) {
    const auto begin = Clock::now();
    const Evaluation sum = evaluate(workers_, engine_->test_rows(prepared_.data), w);
    row.seconds_evaluate = seconds_since(begin);
    if (sum.count == 0) return;
    row.test_loss = sum.loss / static_cast<double>(sum.count);
    if (engine_->accuracy_defined())
      row.test_accuracy = static_cast<double>(sum.correct) / static_cast<double>(sum.count);
  }

  bool record(const RoundRow& row, std::span<const ClientRow> clients) {
    writer_.add(row, clients);
    remember(row);
    untold_.push_back(row);
    tell();
    return !stop_requested();
  }

  /// Rounds are shown once they are safe.
  void tell() {
    for (; !untold_.empty() && untold_.front().round < writer_.committed(); untold_.pop_front())
      observer_.round(untold_.front());
  }

  /// Seconds since the last call: of a round, with the recording and the checkpoint of the one before.
  double lap() {
    const auto from = std::exchange(lap_, Clock::now());
    return std::chrono::duration<double>(lap_ - from).count();
  }

  void remember(const RoundRow& row) {
    outcome_.last = row;
    norms_.add(row.update_norm);
    if (row.seconds_evaluate > 0) seconds_to_evaluate_ = row.seconds_evaluate;
    if (row.test_accuracy > outcome_.best_accuracy || std::isnan(outcome_.best_accuracy)) {
      outcome_.best_accuracy = row.test_accuracy;
      outcome_.best_round = row.round;
    }
  }

  std::int64_t parameters() const {
    std::int64_t count = 0;
    for (const auto& tensor : engine_->tensors()) count += elements(tensor.shape);
    return count;
  }

  void check_room() const {
    const std::filesystem::path store = store_path(output_), folder = output_.parent_path();
    std::error_code none;  // where there is no store yet
    const auto present = std::filesystem::file_size(store, none);
    const std::string lack = lacking_room(room_, folder.empty() ? "." : folder, none ? 0 : static_cast<std::int64_t>(present));
    if (!lack.empty())
      throw OutputError(fmt::format("{}: {}\n  help: name a file on another disk with -o, or take fewer rounds, clients or "
                                    "clients_per_round", store.string(), lack));
  }

  std::uint64_t seed() const { return static_cast<std::uint64_t>(experiment_.run.seed); }

  std::int64_t cohort_size() const {
    try {
      return experiment_.sampling.cohort(population_);
    } catch (const OptionError& error) {
      throw experiment_.error_at("sampling", error);
    }
  }

  bool weight_by_samples() const {
    if (experiment_.sampler->plain_mean()) return false;
    if (experiment_.aggregate.weight != "auto") return experiment_.aggregate.weight == "samples";
    return !experiment_.algorithm->uniform_weights();
  }

  void announce() {
    for (const auto& warning : experiment_.algorithm->warnings(experiment_.client)) observer_.warning(warning);
    observer_.started({.clients = population_,
                       .cohort = cohort_size_,
                       .parameters = static_cast<std::int64_t>(state_.w.size()),
                       .threads = workers_.threads(),
                       .rounds = experiment_.run.rounds,
                       .resumed_after = from_ ? outcome_.last.round : -1,
                       .data = fmt::format("{} ({})", prepared_.data.name, prepared_.data.origin),
                       .trainer = engine_->trainer(),
                       .device = engine_->device(),
                       .isa = engine_->instruction_set,
                       .seconds = seconds_since(begin_)});
  }

  const Experiment& experiment_;
  RunObserver& observer_;
  std::filesystem::path output_;
  Clock::time_point begin_;
  Prepared prepared_;
  std::unique_ptr<Engine> engine_;
  Workers workers_;
  std::int64_t population_, cohort_size_;
  std::unique_ptr<CohortTrainer> batched_;  // null: a client a worker
  CohortPlan plan_;
  std::optional<ResumePoint> from_;
  StateRoom room_;
  ClientStates states_;
  ResultWriter writer_;
  State state_;
  RunOutcome outcome_;
  Clock::time_point lap_;
  double seconds_to_evaluate_ = 0;  // the last time
  std::deque<RoundRow> untold_;  // rows that the observer has not been shown
  NormTrail norms_;
  std::int64_t saved_ = -1;  // round of the newest checkpoint
  std::string resumed_on_;   // machines that the run went on on
};

}  // namespace

RunOutcome run_experiment(const Experiment& experiment, const RunRequest& request, RunObserver& observer) {
  return Loop(experiment, request, observer).run();
}

}  // namespace fedsim
