// fedsim run: one experiment, one result file.
#include "run/run.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <new>

#include "commands.h"
#include "core/text.h"
#include "footprint.h"
#include "progress.h"
#include "record/result_reader.h"
#include "run/state_room.h"
#include "run/traffic.h"
#include "run/workers.h"

namespace fedsim::app {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string config, output, device, log;
  std::vector<std::string> sets;
  bool force = false, resume = false, allow_different_machine = false, quiet = false;
  Outside outside = Outside::refused;
  std::int64_t threads = -1;
};

/// results/NAME.h5 unless -o says otherwise; results/ is made, a missing folder of -o is the writer's error.
fs::path output_path(const Arguments& arguments, const Experiment& experiment) {
  if (!arguments.output.empty()) return arguments.output;
  std::error_code error;
  fs::create_directories("results", error);
  if (error) throw OutputError(fmt::format("cannot make the folder results: {}", error.message()));
  return fs::path("results") / fmt::format("{}.h5", experiment.run.name);
}

/// --resume of a complete result does nothing; that of another config is refused where it shows at once.
bool already_complete(const Arguments& arguments, const Experiment& experiment, const fs::path& output) {
  if (!arguments.resume || !fs::exists(output)) return false;
  const ResultReader result(output);
  if (result.attribute("config_hash") != experiment.hash)
    throw UsageError(fmt::format("{} is the result of another config (its config_hash differs); choose another output "
                                 "with -o, or replace it with --force", output.string()));
  return result.attribute("status") == "complete" && result.committed_rounds() == experiment.run.rounds + 1;
}

void summary(const RunOutcome& outcome, const fs::path& output) {
  const std::string kind = outcome.status == "complete" ? "done" : outcome.status;
  say("{}: {} round{} in {}", kind, outcome.last.round, outcome.last.round == 1 ? "" : "s",
      human_seconds(outcome.seconds));
  if (!std::isnan(outcome.best_accuracy))
    say(", accuracy {:.4f} (best {:.4f} in round {})", outcome.last.test_accuracy, outcome.best_accuracy,
        outcome.best_round);
  else if (!std::isnan(outcome.last.test_loss))
    say(", test loss {:.6g}", outcome.last.test_loss);
  say("\nresult  {}\nnext    fedsim plot {} -o {}\n", output.string(), output.string(),
      fs::path(output).replace_extension(".svg").string());
}

/// With what a run would need, where there is memory enough to find that out.
OutputError out_of_memory(const Experiment& experiment) {
  std::string needs;
  try {
    const Prepared prepared = prepare(experiment);
    std::int64_t parameters = 0;
    for (const auto& tensor : prepare_engine(experiment, prepared.data)->tensors()) parameters += elements(tensor.shape);
    const std::int64_t threads = experiment.run.threads > 0 ? experiment.run.threads : usable_processors();
    const std::int64_t clients = prepared.partition.clients();
    const StateRoom states = state_room(experiment, clients, experiment.sampling.cohort(clients), parameters);
    const Memory memory = memory_of(experiment, prepared, traffic_of(experiment, parameters), states, parameters, threads);
    needs = fmt::format("; an estimate of what it takes: {}", describe(memory, threads));
  } catch (const std::exception&) {
    needs = fmt::format("; \"fedsim check {}\" says what takes how much", experiment.file.string());
  }
  return OutputError(fmt::format(
      "out of memory{}\n  help: a smaller client.batch_size, fewer --threads or a smaller model needs less", needs));
}

RunOutcome run_in_memory(const Experiment& experiment, const RunRequest& request, RunObserver& observer) {
  try {
    return run_experiment(experiment, request, observer);
  } catch (const std::bad_alloc&) {
  }
  throw out_of_memory(experiment);  // here the run's own memory is free again
}

int run(const Arguments& arguments) {
  std::vector<std::string> sets = arguments.sets;
  if (arguments.threads >= 0) sets.push_back(fmt::format("threads={}", arguments.threads));
  if (!arguments.device.empty()) sets.push_back(fmt::format("device=\"{}\"", arguments.device));
  const Experiment experiment = read_experiment(arguments.config, sets, arguments.outside);
  const fs::path output = output_path(arguments, experiment);
  if (already_complete(arguments, experiment, output)) {
    if (!arguments.quiet) say("{} is complete; nothing to do\n", output.string());
    return 0;
  }
  if (!arguments.log.empty() && (std::freopen(arguments.log.c_str(), "w", stderr) == nullptr ||
                                 std::setvbuf(stderr, nullptr, _IOLBF, 0) != 0))  // each line is there when it is said
    throw OutputError(fmt::format("cannot write the log {}", arguments.log));

  Progress progress(arguments.quiet);
  const RunOutcome outcome = run_in_memory(
      experiment,
      {.output = output,
       .force = arguments.force,
       .resume = arguments.resume && !arguments.force,
       .allow_different_machine = arguments.allow_different_machine},
      progress);
  progress.end();
  if (!arguments.quiet) summary(outcome, output);
  if (!outcome.why.empty()) say("error: diverged in {}\n", outcome.why);
  return static_cast<int>(outcome.exit);
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("run", "run one experiment and write one result file");
  command->add_option("CONFIG", arguments->config, "the experiment (TOML)")->required();
  command->add_option("--set", arguments->sets, "KEY=VALUE: a dotted key; wins over the file")->allow_extra_args(false);
  command->add_option("-o,--output", arguments->output, "result file (default results/NAME.h5)");
  command->add_flag("--force", arguments->force, "replace an existing result");
  command->add_flag("--resume", arguments->resume, "go on with an unfinished result; a complete one is left alone");
  command->add_flag("--allow-different-machine", arguments->allow_different_machine,
                    "with --resume: accept another device, trainer, instruction set or LibTorch; the result says so");
  add_allow_outside(*command, arguments->outside);
  command->add_option("--threads", arguments->threads, "worker threads, 0: all cores; never changes a result")
      ->check(CLI::Range(0, 4096));
  command->add_option("--device", arguments->device, "auto, cpu, cuda or cuda:N");
  command->add_flag("--quiet", arguments->quiet, "no progress, no summary");
  command->add_option("--log", arguments->log, "write what would go to stderr into this file");
  command->footer(
      "Examples:\n"
      "  fedsim run configs/quickstart.toml\n"
      "  fedsim run exp.toml --set client.lr=0.1 --set seed=2 -o results/lr0.1-s2.h5\n"
      "  for s in 1 2 3; do fedsim run exp.toml --set seed=$s -o results/exp-s$s.h5; done");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace fedsim::app
