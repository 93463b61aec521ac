#include "run/traffic.h"

#include "algorithm/bytes.h"

namespace fedsim {
namespace {

/// Answers at once: local training that goes nowhere, in one step.
class IdleTrainer final : public Trainer {
 public:
  std::int64_t samples() const override { return 1; }
  bool submit(TrainRequest& request) override {
    if (request.kind == TrainRequest::Kind::sgd) {
      request.local = {.w = request.job->start, .steps = 1, .processed = 1, .loss = 0};
    } else {
      request.full = {.gradient = Vec(request.at->size(), request.at->dtype()), .loss = 0, .samples = 1};
    }
    return true;
  }
};

std::int64_t bytes_of(const NamedVectors& vectors) {
  std::size_t bytes = 0;
  for (const auto& [name, vector] : vectors) bytes += vector.bytes();
  return static_cast<std::int64_t>(bytes);
}

}  // namespace

Traffic traffic_of(const Experiment& experiment, std::int64_t parameters) {
  const Dtype dtype = experiment.run.value_type();
  State state;
  state.w = Vec(static_cast<std::size_t>(parameters), dtype);
  experiment.algorithm->init(state);
  const Round round{.index = 1,
                    .population = 1,
                    .cohort = 1,
                    .client_lr = experiment.client.lr,
                    .local = experiment.client};
  ClientState mine;
  IdleTrainer trainer;
  auto task = experiment.algorithm->client(round, state, mine, trainer);
  while (!task.run_until_wait()) {
  }
  Traffic traffic;
  traffic.up = bytes_sent(task.take());
  traffic.down = bytes_received(*experiment.algorithm.object, state);
  traffic.kept = bytes_of(mine.vectors);
  experiment.server->step(state, Vec(state.w.size(), dtype));  // makes the optimiser's vectors
  traffic.server = static_cast<std::int64_t>(state.w.bytes()) + bytes_of(state.vectors);
  return traffic;
}

}  // namespace fedsim
