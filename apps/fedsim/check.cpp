// fedsim check: everything about an experiment that can be known before training.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <numeric>

#include "commands.h"
#include "core/text.h"
#include "footprint.h"
#include "run/workers.h"

namespace fedsim::app {
namespace {

struct Arguments {
  std::vector<std::string> configs, sets;
  Outside outside = Outside::refused;
};

void line(const std::string& label, const std::string& text) { fmt::print("  {:<9} {}\n", label, text); }

void show_data(const Dataset& data) {
  const auto count = [](const auto& samples) { return with_commas(samples ? samples->size() : 0); };
  if (data.quadratic) {
    line("data", fmt::format("{}: {} clients, {} dimensions", data.name, with_commas(data.quadratic->clients),
                             with_commas(data.quadratic->dimension)));
  } else {
    line("data",
         fmt::format("{}: {} training and {} test samples of {}, {} classes", data.name, count(data.train),
                     count(data.test), to_string(data.sample_shape), data.classes));
  }
  line("found", data.origin);
}

std::vector<std::int64_t> sorted_sizes(const Partition& partition) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(partition.clients()));
  for (std::size_t k = 0; k < sizes.size(); ++k) sizes[k] = partition.size(static_cast<std::int64_t>(k));
  std::sort(sizes.begin(), sizes.end());
  return sizes;
}

void show_clients(const Experiment& experiment, const Partition& partition) {
  const auto sizes = sorted_sizes(partition);
  const auto total = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
  const auto empty = std::count(sizes.begin(), sizes.end(), 0);
  line("clients",
       fmt::format("{} by {}: {} to {} samples, median {}, {} in all{}", with_commas(partition.clients()),
                   experiment.partition.scheme, with_commas(sizes.front()), with_commas(sizes.back()),
                   with_commas(sizes[sizes.size() / 2]), with_commas(total),
                   empty > 0 ? fmt::format("; {} without any", with_commas(empty)) : std::string()));
}

std::string model_name(const Experiment& experiment) {
  if (!experiment.model.name.empty()) return experiment.model.name;
  if (!experiment.model.torchscript.empty()) return experiment.model.torchscript.text;
  return fmt::format("{} layers", experiment.model.layers.size());
}

/// The trainer; on the CPU where the device is not in this machine: that is no fault of the config.
std::unique_ptr<Engine> engine_or_cpu(const Experiment& experiment, const Dataset& data,
                                      std::vector<std::string>& warnings) {
  try {
    return prepare_engine(experiment, data);
  } catch (const OutputError& error) {
    if (experiment.run.device == "cpu") throw;
    warnings.push_back(fmt::format("not on this machine: {}", error.what()));
    Experiment here = experiment;
    here.run.device = "cpu";
    return prepare_engine(here, data);
  }
}

void show_costs(const Experiment& experiment, const Prepared& prepared, const Engine& engine,
                std::int64_t cohort) {
  std::int64_t parameters = 0;
  for (const auto& tensor : engine.tensors()) parameters += elements(tensor.shape);
  line("model",
       fmt::format("{}: {} parameters of {}; trainer {} on {}", model_name(experiment),
                   with_commas(parameters), experiment.run.dtype, engine.trainer(), engine.device()));
  const Steps steps = steps_of(experiment, prepared);
  const auto round_steps = static_cast<std::int64_t>(steps.mean * static_cast<double>(cohort) + 0.5);
  line("round",
       fmt::format("{} of {} clients by {}, about {} steps ({} to {} a client, median {}); {} rounds",
                   with_commas(cohort), with_commas(prepared.partition.clients()), experiment.sampling.scheme,
                   with_commas(round_steps), with_commas(steps.least), with_commas(steps.most),
                   with_commas(steps.median), with_commas(experiment.run.rounds)));
  const Traffic traffic = traffic_of(experiment, parameters);
  const auto m = static_cast<double>(cohort);
  line("traffic", fmt::format("{} up and {} down a round ({} and {} bytes a client)",
                              human_bytes(m * static_cast<double>(traffic.up)),
                              human_bytes(m * static_cast<double>(traffic.down)), with_commas(traffic.up),
                              with_commas(traffic.down)));
  const std::int64_t threads = experiment.run.threads > 0 ? experiment.run.threads : usable_processors();
  const StateRoom states = state_room(experiment, prepared.partition.clients(), cohort, parameters);
  line("memory", describe(memory_of(experiment, prepared, traffic, states, parameters, threads), threads));
  if (states.each == 0) return;
  line("states", fmt::format("{} clients at most keep {} bytes each: {}{}", with_commas(states.visited),
                             with_commas(states.each), human_bytes(static_cast<double>(states.bytes())),
                             states.disk > 0 ? fmt::format(", on disk {}", human_bytes(static_cast<double>(states.disk)))
                                             : std::string(", in memory and in each checkpoint")));
  // Where a run without -o would put it.
  const std::filesystem::path folder = std::filesystem::is_directory("results") ? "results" : ".";
  if (const std::string lack = lacking_room(states, folder, 0); !lack.empty()) line("warning", lack);
}

/// Sentences about what is allowed and perhaps not meant.
std::vector<std::string> doubts(const Experiment& experiment, const Prepared& prepared, std::int64_t cohort) {
  auto found = experiment.algorithm->warnings(experiment.client);
  const auto sizes = sorted_sizes(prepared.partition);
  if (const auto empty = std::count(sizes.begin(), sizes.end(), 0); empty > 0)
    found.push_back(
        fmt::format("{} clients have no samples: drawn, they send a zero update of weight 0", empty));
  if (!prepared.data.quadratic && (!prepared.data.test || prepared.data.test->size() == 0))
    found.emplace_back("there is no test set: test_accuracy and test_loss will be NaN");
  if (!prepared.data.quadratic && prepared.data.classes == 1)
    found.emplace_back("the data have one class only");
  if (experiment.sampling.scheme == "poisson" && cohort < 5)
    found.push_back(fmt::format("poisson with {} clients expected: many rounds will be empty", cohort));
  if (!experiment.model.torchscript.empty())
    found.emplace_back(
        "a TorchScript file is code, run with your rights: use it only if you trust where it comes from");
  return found;
}

void check(const std::string& file, const Arguments& arguments) {
  const Experiment experiment = read_experiment(file, arguments.sets, arguments.outside);
  const Prepared prepared = prepare(experiment);
  std::int64_t cohort = 0;
  try {
    cohort = experiment.sampling.cohort(prepared.partition.clients());
  } catch (const OptionError& error) {
    throw experiment.error_at("sampling", error);
  }
  std::vector<std::string> warnings = doubts(experiment, prepared, cohort);
  const auto engine = engine_or_cpu(experiment, prepared.data, warnings);
  fmt::print("{}: ok\n", file);
  show_data(prepared.data);
  show_clients(experiment, prepared.partition);
  show_costs(experiment, prepared, *engine, cohort);
  line("config", fmt::format("hash {}", experiment.hash.substr(0, 16)));
  for (const auto& warning : warnings) line("warning", warning);
}

/// Checks them all; the exit code is that of the first failure in order of weight: config, then data.
int check_all(const Arguments& arguments) {
  int exit_code = 0;
  for (const auto& file : arguments.configs) {
    try {
      check(file, arguments);
    } catch (const Error& error) {
      const std::string message = error.what();
      const bool located = message.find("error: ") != std::string::npos;
      std::fflush(stdout);
      fmt::print(stderr, "{}{}\n", located ? std::string() : fmt::format("{}: error: ", file), message);
      const int code = static_cast<int>(error.exit());
      exit_code = exit_code == 0 ? code : std::min(exit_code, code);
    }
  }
  return exit_code;
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("check", "everything that can be known before training");
  command->add_option("CONFIG", arguments->configs, "experiments (TOML)")->required();
  command->add_option("--set", arguments->sets, "KEY=VALUE: a dotted key; wins over the files")
      ->allow_extra_args(false);
  add_allow_outside(*command, arguments->outside);
  command->footer(
      "Exit codes: 0 all is well, 2 a config is wrong (every error is shown), 3 data are missing or "
      "wrong.\n\n"
      "Examples:\n"
      "  fedsim check configs/quickstart.toml\n"
      "  fedsim check configs/examples/*.toml\n"
      "  fedsim check exp.toml --set partition.clients=1000");
  command->callback([arguments, &exit_code] { exit_code = check_all(*arguments); });
}

}  // namespace fedsim::app
