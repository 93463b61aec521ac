#include "footprint.h"

#include <algorithm>
#include <numeric>

#include "model/network.h"

namespace fedsim::app {
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

std::int64_t steps_of_client(const Experiment& experiment, const Dataset& data, std::int64_t client,
                             std::int64_t samples) {
  if (data.quadratic && !data.quadratic->steps.empty())
    return data.quadratic->steps[static_cast<std::size_t>(client)];
  const ClientOptions& local = experiment.client;
  if (local.steps) return *local.steps;
  const bool whole = local.batch_size == 0 || data.quadratic != nullptr;
  const std::int64_t batches = whole ? 1 : (samples + local.batch_size - 1) / local.batch_size;
  return local.epochs.value_or(1) * batches;
}

/// Elements that one sample leaves behind in all layers.
double activations(const std::vector<Layer>& layers) {
  double sum = 0;
  for (const auto& layer : layers)
    sum += static_cast<double>(elements(layer.out)) + activations(layer.body) + activations(layer.shortcut);
  return sum;
}

}  // namespace

Traffic traffic_of(const Experiment& experiment, std::int64_t parameters) {
  const Dtype dtype = experiment.run.dtype == "float64" ? Dtype::float64 : Dtype::float32;
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
  const Update update = task.take();
  Traffic traffic;
  traffic.up =
      static_cast<std::int64_t>(update.delta.bytes() + update.side.bytes() + 8 * update.scalars.size());
  traffic.down = static_cast<std::int64_t>(state.w.bytes());
  for (const auto& name : experiment.algorithm->broadcast())
    traffic.down += static_cast<std::int64_t>(state[name].bytes());
  traffic.kept = bytes_of(mine.vectors);
  experiment.server->step(state, Vec(state.w.size(), dtype));  // makes the optimiser's vectors
  traffic.server = static_cast<std::int64_t>(state.w.bytes()) + bytes_of(state.vectors);
  return traffic;
}

Steps steps_of(const Experiment& experiment, const Prepared& prepared) {
  const Partition& partition = prepared.partition;
  std::vector<std::int64_t> steps;
  for (std::int64_t k = 0; k < partition.clients(); ++k)
    if (partition.size(k) > 0)
      steps.push_back(steps_of_client(experiment, prepared.data, k, partition.size(k)));
  Steps result;
  if (steps.empty()) return result;
  result.mean = std::accumulate(steps.begin(), steps.end(), 0.0) / static_cast<double>(partition.clients());
  std::sort(steps.begin(), steps.end());
  result.least = steps.front();
  result.median = steps[steps.size() / 2];
  result.most = steps.back();
  return result;
}

Memory memory_of(const Experiment& experiment, const Prepared& prepared, const Traffic& traffic,
                 std::int64_t parameters, std::int64_t threads) {
  const double value = experiment.run.dtype == "float64" ? 8 : 4;
  const auto d = static_cast<double>(parameters);
  Memory memory;
  memory.data = static_cast<double>(prepared.data.bytes + 4 * prepared.data.labels.size());
  memory.partition =
      static_cast<double>(8 * prepared.partition.offsets.size() + 4 * prepared.partition.indices.size() +
                          4 * prepared.partition.noise.size());
  // A worker: the learner's parameters, gradient, momentum and start; the update and what made it; the exact
  // sum, two classes of 8 bytes a coordinate.
  double worker = d * (6 * value + 16) + static_cast<double>(traffic.up);
  if (prepared.data.quadratic == nullptr && experiment.model.torchscript.empty()) {
    const auto layers = experiment.model_template.object ? experiment.model_template->layers(prepared.data)
                                                         : experiment.model.layers;
    const auto batch =
        static_cast<double>(experiment.client.batch_size > 0 ? experiment.client.batch_size : 1);
    worker +=
        2 * value * batch * activations(build_network(layers, prepared.data).layers);  // values and gradients
  }
  memory.workers = worker * static_cast<double>(threads) + static_cast<double>(traffic.server);
  memory.clients = static_cast<double>(traffic.kept) * static_cast<double>(prepared.partition.clients());
  return memory;
}

}  // namespace fedsim::app
