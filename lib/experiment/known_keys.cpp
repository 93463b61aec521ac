#include "experiment/known_keys.h"

#include "experiment/experiment.h"

namespace fedsim {
namespace {

template <class Options>
void add_fixed(std::vector<KnownKey>& keys, const std::string& table) {
  for (const auto& info : describe<Options>()) keys.push_back({table, info.name, "", ""});
}

template <class Base>
void add_choices(std::vector<KnownKey>& keys, const std::string& table, const std::string& selector) {
  for (const auto* entry : Registry<Base>::all())
    for (const auto& info : entry->options()) keys.push_back({table, info.name, selector, entry->name});
}

}  // namespace

std::vector<KnownKey> known_keys() {
  std::vector<KnownKey> keys{{"", "base", "", ""}};
  add_fixed<RunOptions>(keys, "");
  add_fixed<DataOptions>(keys, "data");
  add_choices<DataSource>(keys, "data", "dataset");
  add_fixed<PartitionOptions>(keys, "partition");
  add_choices<PartitionScheme>(keys, "partition", "scheme");
  add_fixed<ModelOptions>(keys, "model");
  add_choices<ModelTemplate>(keys, "model", "name");
  add_fixed<ClientOptions>(keys, "client");
  add_fixed<SamplingOptions>(keys, "sampling");
  add_choices<Sampler>(keys, "sampling", "scheme");
  add_fixed<AlgorithmOptions>(keys, "algorithm");
  add_choices<Algorithm>(keys, "algorithm", "name");
  add_fixed<ServerOptions>(keys, "server");
  add_choices<ServerOptimizer>(keys, "server", "optimizer");
  add_fixed<AggregateOptions>(keys, "aggregate");
  add_choices<AggregateRule>(keys, "aggregate", "rule");
  add_fixed<EvaluateOptions>(keys, "evaluate");
  add_fixed<OutputOptions>(keys, "output");
  return keys;
}

const std::vector<std::string>& known_tables() {
  static const std::vector<std::string> tables{"data",      "partition", "model",     "client",   "sampling",
                                               "algorithm", "server",    "aggregate", "evaluate", "output"};
  return tables;
}

const std::vector<std::string>& later_tables() {
  static const std::vector<std::string> tables{"update", "privacy", "secure_aggregation", "attack", "system"};
  return tables;
}

}  // namespace fedsim
