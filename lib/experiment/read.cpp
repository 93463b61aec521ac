// Config -> Experiment: one function a table, in the order of the pipeline; all complaints in one pass.
#include <fmt/format.h>

#include <algorithm>

#include "config/reader.h"
#include "config/toml_text.h"
#include "core/text.h"
#include "experiment/experiment.h"
#include "experiment/known_keys.h"
#include "experiment/resolved.h"

namespace fedsim {
namespace {

constexpr std::int64_t default_clients = 100;

class ExperimentReader {
 public:
  ExperimentReader(std::shared_ptr<const ConfigDocument> document, const std::filesystem::path& file)
      : document_(std::move(document)), known_(known_keys()) {
    result_.file = file;
    result_.places = document_;
    result_.source_config = document_->source()->text;
  }

  Experiment read() {
    read_top();
    read_data();
    read_partition();
    read_model();
    read_client();
    read_sampling();
    read_algorithm();
    read_server();
    read_aggregate();
    read_plain("evaluate", result_.evaluate);
    read_plain("output", result_.output);
    complaints_.throw_if_any();
    result_.resolved = resolved_text(tables_);
    result_.hash = resolved_hash(tables_);
    return std::move(result_);
  }

 private:
  ConfigReader reader(const std::string& table) { return ConfigReader(*document_, table, complaints_); }

  /// The object that `name` chose, made from the options beside it.
  template <class Base>
  Choice<Base> choose(ConfigReader& from, const std::string& selector, const std::string& name) {
    if (from.wrong(selector)) return {};
    const Entry<Base>* entry = Registry<Base>::find(name);
    if (!entry) return {};
    try {
      return {entry, entry->make(from)};
    } catch (const OptionError& error) {
      from.reject(error);
      return {entry, nullptr};
    }
  }

  void close(ConfigReader& from, const std::string& selector = "", const std::string& chosen = "") {
    from.finish(known_, {}, selector, chosen);
    tables_.push_back(from.resolved());
  }

  template <class Options>
  void read_plain(const std::string& table, Options& options) {
    ConfigReader from = reader(table);
    options.visit(from);
    close(from);
  }

  void read_top() {
    ConfigReader from = reader("");
    RunOptions& run = result_.run;
    run.name = result_.file.stem().string();
    run.visit(from);
    check_name(from, run.name);
    check_device(from, run);
    std::vector<std::string> tables = known_tables();
    for (const auto& later : later_tables()) {
      tables.push_back(later);
      if (const Value* value = document_->root().find(later))
        complaints_.add(value->key, fmt::format("[{}] is not in this version of fedsim", later),
                        "take the table out");
    }
    from.finish(known_, tables);
    tables_.push_back(from.resolved());
  }

  static void check_name(ConfigReader& from, const std::string& name) {
    // It becomes a file name: nothing may lead out of the results' folder or break a line.
    const bool plain = std::none_of(name.begin(), name.end(), [](char c) {
      return c == '/' || static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7F;
    });
    if (!plain || name.empty() || name == "." || name == ".." || name.size() > 200)
      from.reject({"name",
                   "must be a plain file name: not empty, no '/', no control characters, 200 bytes at most",
                   ""});
  }

  static void check_device(ConfigReader& from, const RunOptions& run) {
    const std::string& device = run.device;
    const bool numbered = device.starts_with("cuda:") && device.size() > 5 && device.size() <= 8 &&
                          device.find_first_not_of("0123456789", 5) == std::string::npos;
    if (device != "auto" && device != "cpu" && device != "cuda" && !numbered) {
      const std::string near = nearest(device, {"auto", "cpu", "cuda"});
      from.reject({"device", fmt::format("unknown device '{}', expected auto, cpu, cuda or cuda:N", device),
                   near.empty() ? std::string() : fmt::format("did you mean '{}'?", near)});
    } else if (run.dtype == "float64" && device.starts_with("cuda")) {
      from.reject({"dtype", fmt::format("float64 runs on the CPU only, and device is \"{}\"", device),
                   "set device = \"cpu\""});
    }
  }

  void read_data() {
    ConfigReader from = reader("data");
    DataOptions& data = result_.data;
    data.visit(from);
    if (!from.written("dataset") && !from.wrong("dataset"))
      from.missing("dataset", fmt::format("one of: {}", fmt::join(Registry<DataSource>::names(), ", ")));
    result_.source = choose<DataSource>(from, "dataset", data.dataset);
    close(from, "dataset", data.dataset);
  }

  /// Schemes that take the clients from the data.
  static bool clients_from_data(const std::string& scheme) { return scheme == "natural" || scheme == "file"; }

  void read_partition() {
    ConfigReader from = reader("partition");
    PartitionOptions& partition = result_.partition;
    if (result_.data.dataset == "quadratic") partition.scheme = "natural";  // its clients are the file's rows
    partition.visit(from);
    result_.scheme = choose<PartitionScheme>(from, "scheme", partition.scheme);
    if (!partition.clients && !from.wrong("clients") && !from.wrong("scheme") &&
        !clients_from_data(partition.scheme)) {
      partition.clients = default_clients;
      from.resolve("clients", fmt::format("{}", default_clients));
    }
    close(from, "scheme", partition.scheme);
  }

  void read_model() {
    ConfigReader from = reader("model");
    ModelOptions& model = result_.model;
    model.visit(from);
    std::vector<std::string> ways;
    for (const char* key : {"name", "layers", "torchscript"})
      if (from.written(key)) ways.emplace_back(key);
    if (ways.empty()) {
      auto names = Registry<ModelTemplate>::names();
      from.missing("name", fmt::format("one of: {}; or layers = [...], or torchscript = \"model.pt\"",
                                       fmt::join(names, ", ")));
    }
    for (std::size_t i = 1; i < ways.size(); ++i)
      from.reject(
          {ways[i],
           fmt::format("stands beside '{}': a model is exactly one of name, layers, torchscript", ways[0]),
           ""});
    if (from.written("layers") && model.layers.empty() && !from.wrong("layers"))
      from.reject(
          {"layers", "is empty, expected at least one layer", "e.g. layers = [\"flatten\", \"linear 10\"]"});
    check_quadratic(from);
    result_.model_template = choose<ModelTemplate>(from, "name", model.name);
    close(from, "name", model.name);
  }

  void check_quadratic(ConfigReader& from) {
    const std::string& dataset = result_.data.dataset;
    const std::string& name = result_.model.name;
    if (dataset.empty() || from.wrong("name")) return;
    if (dataset == "quadratic" && name != "quadratic")
      from.reject({"name", "data.dataset = \"quadratic\" goes with model.name = \"quadratic\" only", ""});
    if (name == "quadratic" && dataset != "quadratic")
      from.reject(
          {"name",
           fmt::format("\"quadratic\" goes with data.dataset = \"quadratic\" only, which is \"{}\"", dataset),
           ""});
  }

  void read_client() {
    ConfigReader from = reader("client");
    ClientOptions& client = result_.client;
    client.visit(from);
    if (from.written("epochs") && from.written("steps"))
      from.reject(
          {"steps", "stands beside 'epochs': local training is measured in one of the two", "take one out"});
    if (!client.epochs && !client.steps && !from.wrong("epochs") && !from.wrong("steps")) {
      client.epochs = 1;
      from.resolve("epochs", "1");
    }
    close(from);
  }

  void read_sampling() {
    ConfigReader from = reader("sampling");
    SamplingOptions& sampling = result_.sampling;
    sampling.visit(from);
    if (from.written("clients_per_round") && from.written("fraction"))
      from.reject(
          {"fraction", "stands beside 'clients_per_round': a round's size is written once", "take one out"});
    result_.sampler = choose<Sampler>(from, "scheme", sampling.scheme);
    if (const auto population = result_.partition.clients; population && !from.wrong("fraction")) {
      try {
        const std::int64_t cohort = sampling.cohort(*population);
        if (!sampling.fraction && !from.wrong("clients_per_round")) {
          sampling.clients_per_round = cohort;
          from.resolve("clients_per_round", fmt::format("{}", cohort));
        }
      } catch (const OptionError& error) {
        from.reject(error);
      }
    }
    close(from, "scheme", sampling.scheme);
  }

  void read_algorithm() {
    ConfigReader from = reader("algorithm");
    AlgorithmOptions options;
    options.visit(from);
    result_.algorithm = choose<Algorithm>(from, "name", options.name);
    close(from, "name", options.name);
  }

  void read_server() {
    ConfigReader from = reader("server");
    ServerOptions options;
    options.visit(from);
    result_.server_optimizer = options.optimizer;
    result_.server = choose<ServerOptimizer>(from, "optimizer", options.optimizer);
    close(from, "optimizer", options.optimizer);
  }

  void read_aggregate() {
    ConfigReader from = reader("aggregate");
    result_.aggregate.visit(from);
    result_.rule = choose<AggregateRule>(from, "rule", result_.aggregate.rule);
    close(from, "rule", result_.aggregate.rule);
  }

  std::shared_ptr<const ConfigDocument> document_;
  std::vector<KnownKey> known_;
  Complaints complaints_;
  std::vector<ResolvedTable> tables_;
  Experiment result_;
};

}  // namespace

Experiment read_experiment(const std::filesystem::path& file, const std::vector<std::string>& sets, Outside outside) {
  return ExperimentReader(std::make_shared<const ConfigDocument>(file, sets, outside), file).read();
}

}  // namespace fedsim
