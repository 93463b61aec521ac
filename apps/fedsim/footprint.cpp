#include "footprint.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/text.h"
#include "model/network.h"

namespace fedsim::app {
namespace {

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
                 const StateRoom& states, std::int64_t parameters, std::int64_t threads) {
  const double value = static_cast<double>(size_of(experiment.run.value_type()));
  const auto d = static_cast<double>(parameters);
  Memory memory;
  memory.data = static_cast<double>(prepared.data.bytes + 4 * prepared.data.labels.size());
  memory.partition =
      static_cast<double>(8 * prepared.partition.offsets.size() + 4 * prepared.partition.indices.size() +
                          4 * prepared.partition.noise.size());
  // A worker: the learner's parameters, gradient, momentum and start; the update and what made it; the exact
  // sum, two classes of 8 bytes a coordinate.
  double worker = d * (6 * value + 16) + static_cast<double>(traffic.up);
  double layers_of_client = 0;  // values and gradients of one batch
  if (prepared.data.quadratic == nullptr && experiment.model.torchscript.empty()) {
    const auto layers = experiment.model_template.object ? experiment.model_template->layers(prepared.data)
                                                         : experiment.model.layers;
    const auto batch =
        static_cast<double>(experiment.client.batch_size > 0 ? experiment.client.batch_size : 1);
    layers_of_client = 2 * value * batch * activations(build_network(layers, prepared.data).layers);
  }
  if (experiment.run.trainer == "batched") {  // of each client w, gradient, velocity and change
    const auto cohort = experiment.sampling.cohort(prepared.partition.clients());
    const auto at_once = static_cast<double>(std::min(experiment.run.batched_clients, cohort));
    memory.group = memory.data + at_once * (4 * value * d + layers_of_client);
  } else {
    worker += layers_of_client;
  }
  memory.workers = worker * static_cast<double>(threads) + static_cast<double>(traffic.server);
  memory.clients = static_cast<double>(std::min(states.bytes(), states.memory));
  return memory;
}

std::string describe(const Memory& memory, std::int64_t threads) {
  return fmt::format("about {} over the program's own: data {}, split {}, {} threads {}{}{}", human_bytes(memory.total()),
                     human_bytes(memory.data), human_bytes(memory.partition), threads, human_bytes(memory.workers),
                     memory.group > 0 ? fmt::format(", clients trained at once {}", human_bytes(memory.group)) : std::string(),
                     memory.clients > 0
                         ? fmt::format(", clients' states {}", human_bytes(memory.clients)) : std::string());
}

}  // namespace fedsim::app
