// An experiment: the typed content of a config, every default filled in. Values only; nothing is loaded yet.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aggregate/rule.h"
#include "algorithm/algorithm.h"
#include "algorithm/round.h"
#include "config/tree.h"
#include "core/error.h"
#include "core/registry.h"
#include "data/dataset.h"
#include "model/network.h"
#include "partition/partition.h"
#include "sampling/sampler.h"
#include "server/optimizer.h"

namespace fedsim {

/// Top-level keys.
struct RunOptions {
  std::string name;  // default: the config's file stem
  std::int64_t seed = 1;
  std::int64_t rounds = 100;
  std::string device = "auto";
  std::int64_t threads = 0;
  std::string dtype = "float32";
  Dtype value_type() const { return dtype == "float64" ? Dtype::float64 : Dtype::float32; }
  std::string trainer = "auto";
  std::int64_t batched_clients = 64;
  void visit(OptionVisitor& option);
};
/// [data], beside the source's own options.
struct DataOptions {
  std::string dataset;  // required
  Path root;
  std::int64_t train_limit = 0;
  std::string scale = "unit";
  double test_fraction = 0.1;
  bool allow_nonfinite = false;
  void visit(OptionVisitor& option);
};
/// [partition], beside the scheme's own options.
struct PartitionOptions {
  std::string scheme = "dirichlet";  // "natural" for data that only fits there (quadratic)
  std::optional<std::int64_t>
      clients;  // default 100 where the scheme makes the clients; else as many as the data has
  void visit(OptionVisitor& option);
};
/// [model]: exactly one of the three; a template's own options stand beside `name`.
struct ModelOptions {
  std::string name;
  std::vector<std::string> layers;
  Path torchscript;
  void visit(OptionVisitor& option);
};
/// [sampling], beside the scheme's own options.
struct SamplingOptions {
  std::string scheme = "uniform";
  std::optional<std::int64_t> clients_per_round;  // or
  std::optional<double> fraction;
  void visit(OptionVisitor& option);
  /// m for a population: clients_per_round, or max(1, floor(f N + 1/2)), or min(10, N).
  /// Throws OptionError where it exceeds the population.
  std::int64_t cohort(std::int64_t population) const;
};
/// [algorithm], beside the algorithm's own options.
struct AlgorithmOptions {
  std::string name = "fedavg";
  void visit(OptionVisitor& option);
};
/// [server], beside the optimiser's own options.
struct ServerOptions {
  std::string optimizer = "sgd";
  void visit(OptionVisitor& option);
};
/// [aggregate], beside the rule's own options.
struct AggregateOptions {
  std::string rule = "mean";
  std::string weight = "auto";
  std::string on_nonfinite = "drop";
  void visit(OptionVisitor& option);
};
struct EvaluateOptions {
  std::int64_t every = 1;
  bool per_client = false;
  void visit(OptionVisitor& option);
};
struct OutputOptions {
  bool per_client = true;
  std::int64_t checkpoint_every = 10;
  Bytes state_memory;  // not given: a quarter of the machine's
  void visit(OptionVisitor& option);
};

/// What a registry key chose: the entry and the object made from the options beside it.
template <class Base>
struct Choice {
  const Entry<Base>* entry = nullptr;
  std::shared_ptr<const Base> object;
  const Base* operator->() const { return object.get(); }
};

/// The config with the place of every key (config/document.h), for errors that show only once data or model
/// are known.
class ConfigDocument;

struct Experiment {
  std::filesystem::path file;
  RunOptions run;
  DataOptions data;
  Choice<DataSource> source;
  PartitionOptions partition;
  Choice<PartitionScheme> scheme;
  ModelOptions model;
  Choice<ModelTemplate> model_template;  // empty where `layers`, `torchscript` or "quadratic" is chosen
  ClientOptions client;
  SamplingOptions sampling;
  Choice<Sampler> sampler;
  Choice<Algorithm> algorithm;
  std::string server_optimizer = "sgd";
  Choice<ServerOptimizer> server;
  AggregateOptions aggregate;
  Choice<AggregateRule> rule;
  EvaluateOptions evaluate;
  OutputOptions output;

  std::string source_config;  // the file as written
  std::string resolved;       // TOML with every default, accepted by read_experiment; paths absolute
  /// BLAKE2b-256 in hex of the resolved config without name, rounds, threads, [output]; files by content.
  std::string hash;
  std::shared_ptr<const ConfigDocument> places;

  /// A ConfigError at the place of `table.key` (of the table where the key is not written).
  ConfigError error_at(std::string_view table, const OptionError& error) const;
};

/// Reads, merges `base`s and `--set KEY=VALUE`s, checks. Throws ConfigError with everything that is wrong, among it paths
/// in the config that lead out of its tree (config/tree.h), unless they are allowed.
Experiment read_experiment(const std::filesystem::path& file, const std::vector<std::string>& sets = {},
                           Outside outside = Outside::refused);

}  // namespace fedsim
