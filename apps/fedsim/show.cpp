// fedsim show: one result in a screenful.
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <numeric>

#include "commands.h"
#include "core/error.h"
#include "core/text.h"
#include "report/comparison.h"
#include "report/run_data.h"

namespace fedsim::app {
namespace {

struct Arguments {
  std::string file;
  bool verify = false;
};

void line(const char* name, const std::string& value) {
  if (!value.empty()) fmt::print("{:<14}{}\n", name, value);
}

double sum(const RunData& run, const std::string& column) {
  const auto found = run.columns.find(column);
  return found == run.columns.end() ? 0 : std::accumulate(found->second.begin(), found->second.end(), 0.0);
}

std::string attribute(const RunData& run, const char* name) {
  const auto found = run.attributes.find(name);
  return found == run.attributes.end() ? "" : found->second;
}

void show_config(const RunData& run) {
  std::string text;
  for (const auto* key :
       {"data.dataset", "partition.scheme", "partition.clients", "model.name", "algorithm.name", "client.lr",
        "client.batch_size", "sampling.clients_per_round", "rounds", "seed"})
    if (const auto found = run.config.find(key); found != run.config.end())
      text += fmt::format("{}{}={}", text.empty() ? "" : " ", key, found->second);
  line("config", text);
  line("config hash", attribute(run, "config_hash"));
}

void show_metric(const RunData& run, const std::string& metric) {
  if (run.columns.count(metric) == 0) return;
  const double last = last_value(run, metric), best = best_value(run, metric);
  if (std::isnan(last)) return;
  const auto& values = run.column(metric);
  std::size_t at = 0;
  while (values[at] != best) ++at;
  fmt::print("{:<14}last {:.6g}, best {:.6g} in round {}\n", metric, last, best, run.column("round")[at]);
}

void show(const Arguments& arguments) {
  const RunData run = load_run(arguments.file);
  const auto rounds = run.columns.count("round") == 0 ? std::size_t{0} : run.column("round").size();
  line("result", run.path);
  line("status",
       fmt::format("{}{}", run.status, run.live ? " (from its live log; a run is writing the file)" : ""));
  line("rounds", rounds == 0 ? "none yet" : fmt::format("{} (and round 0, the untrained model)", rounds - 1));
  show_config(run);
  for (const auto* metric : {"test_accuracy", "test_loss", "train_loss"}) show_metric(run, metric);
  line("bytes",
       fmt::format("{} up, {} down", human_bytes(sum(run, "bytes_up")), human_bytes(sum(run, "bytes_down"))));
  line("time",
       fmt::format("{}: training {}, aggregation {}, evaluation {}", human_seconds(sum(run, "seconds")),
                   human_seconds(sum(run, "seconds_train")), human_seconds(sum(run, "seconds_aggregate")),
                   human_seconds(sum(run, "seconds_evaluate"))));
  line("started", attribute(run, "started"));
  line("finished", attribute(run, "finished"));
  line("machine",
       fmt::format("{} {} {}", attribute(run, "host"), attribute(run, "device"), attribute(run, "isa")));
  line("resumed on", attribute(run, "resumed_on"));
  line("fedsim", fmt::format("{} (trainer {}, LibTorch {})", attribute(run, "fedsim_version"),
                             attribute(run, "trainer"), attribute(run, "libtorch_version")));
  if (!arguments.verify) return;
  if (run.live) throw OutputError(fmt::format("{}: can't be verified while a run is writing it", run.path));
  line("content hash", attribute(run, "content_hash") + ", verified");
}

}  // namespace

void add_show(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("show", "one result: status, config, metrics, timings");
  command->add_option("FILE", arguments->file, "a result file; of a run in progress too")->required();
  command->add_flag("--verify", arguments->verify,
                    "say the content hash too, which is checked on every reading");
  command->footer(
      "Examples:\n"
      "  fedsim show results/quickstart.h5\n"
      "  fedsim show results/quickstart.h5 --verify");
  command->callback([arguments, &exit_code] {
    show(*arguments);
    exit_code = 0;
  });
}

}  // namespace fedsim::app
