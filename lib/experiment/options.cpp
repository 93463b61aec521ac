// The keys of each table that do not depend on a choice. The only place where they are named.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiment/experiment.h"

namespace fedsim {
namespace {

std::vector<std::string> with(std::vector<std::string> names, const std::string& special) {
  names.push_back(special);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

void RunOptions::visit(OptionVisitor& option) {
  option("name", name, {}, "name of the run and of its result file (default: the config's file name)");
  option("seed", seed, at_least(0), "root of every random stream");
  option("rounds", rounds, at_least(0), "rounds of training; 0: only evaluate the first model");
  option("device", device, {}, "auto, cpu, cuda, or cuda:N");
  option("threads", threads, between(0, 4096), "worker threads; 0: all cores. Never changes a result");
  option("dtype", dtype, {"float32", "float64"}, "type of the parameters; float64 on the CPU only");
  option("trainer", trainer, {"auto", "autograd", "compiled", "batched"}, "what does the local training");
  option("batched_clients", batched_clients, between(1, 65536),
         "clients that trainer \"batched\" trains at once; may change rounding");
}

void DataOptions::visit(OptionVisitor& option) {
  option("dataset", dataset, Registry<DataSource>::names(),
         "the data; its own options stand beside this key");
  option("root", root, "folder of the data sets (default: found, see check)");
  option("train_limit", train_limit, at_least(0), "use the first n samples of a seeded shuffle; 0: all");
  option("scale", scale, {"unit", "symmetric", "standard", "none"},
         "features to [0, 1], to [-1, 1], to mean 0 and deviation 1, or as stored");
  option("test_fraction", test_fraction, from_up_to(0, 1), "share held out where the source has no test set");
  option("allow_nonfinite", allow_nonfinite, "accept NaN and infinities in the features");
}

void PartitionOptions::visit(OptionVisitor& option) {
  option("scheme", scheme, Registry<PartitionScheme>::names(), "how the samples fall on the clients");
  option("clients", clients, between(1, 2147483647),
         "number of clients (default 100; natural: as many as the data has)");
}

void ModelOptions::visit(OptionVisitor& option) {
  option("name", name, with(Registry<ModelTemplate>::names(), "quadratic"),
         "a shipped model; or layers, or torchscript");
  option("layers", layers,
         "the model as a list of layers: [\"conv 32 5 same\", \"relu\", ..., \"linear 10\"]");
  option("torchscript", torchscript,
         "a module saved by torch.jit, trained as it is (it is code: only from people you trust)");
}

void SamplingOptions::visit(OptionVisitor& option) {
  option("scheme", scheme, Registry<Sampler>::names(), "which clients take part in a round");
  option("clients_per_round", clients_per_round, at_least(1),
         "clients of a round (default min(10, clients))");
  option("fraction", fraction, above_up_to(0, 1),
         "clients of a round as a share: max(1, floor(fraction * clients + 1/2))");
}

void AlgorithmOptions::visit(OptionVisitor& option) {
  option("name", name, Registry<Algorithm>::names(),
         "the federated algorithm; its own options stand beside this key");
}

void ServerOptions::visit(OptionVisitor& option) {
  option("optimizer", optimizer, Registry<ServerOptimizer>::names(),
         "what the server does with the mean update");
}

void AggregateOptions::visit(OptionVisitor& option) {
  option("rule", rule, Registry<AggregateRule>::names(), "how the updates of a round are combined");
  option("weight", weight, {"auto", "samples", "uniform"},
         "weight of an update; auto: as the algorithm's paper");
  option("on_nonfinite", on_nonfinite, {"drop", "fail", "stop"},
         "an update with a NaN or infinity: leave it out, fail, or stop");
}

void EvaluateOptions::visit(OptionVisitor& option) {
  option("every", every, at_least(1), "rounds between evaluations; the last round always");
  option("per_client", per_client, "evaluate on each client's data too");
}

void OutputOptions::visit(OptionVisitor& option) {
  option("per_client", per_client, "a row per round and client in the result");
  option("checkpoint_every", checkpoint_every, at_least(0),
         "rounds between checkpoints; 0: only when stopped");
  option("state_memory", state_memory,
         "memory for what clients keep between rounds, \"512MiB\"; more goes to disk (default: a quarter of the machine's)");
}

std::int64_t SamplingOptions::cohort(std::int64_t population) const {
  if (clients_per_round) {
    if (*clients_per_round > population)
      throw OptionError{
          "clients_per_round",
          fmt::format("must not exceed the number of clients ({}), got {}", population, *clients_per_round),
          "lower it, or raise partition.clients"};
    return *clients_per_round;
  }
  if (!fraction) return std::min<std::int64_t>(10, population);
  const double share = std::floor(*fraction * static_cast<double>(population) + 0.5);
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(share), 1, population);
}

}  // namespace fedsim
