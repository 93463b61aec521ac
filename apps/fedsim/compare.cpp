// fedsim compare: a table over runs.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "commands.h"
#include "report/comparison.h"

namespace fedsim::app {
namespace {

struct Arguments {
  std::vector<std::string> files;
  std::string metric = "test_accuracy", group_by, format = "text";
  std::optional<double> target;
};

void compare_files(const Arguments& arguments) {
  std::vector<RunData> runs;
  for (const auto& file : arguments.files) runs.push_back(load_run(file));
  const auto groups = group_runs(std::move(runs), arguments.group_by);
  fmt::print("{}", format_comparison(compare(groups, arguments.metric, arguments.target), arguments.format));
}

}  // namespace

void add_compare(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("compare", "a table over results: mean and sd over seeds, cost of a target");
  command->add_option("FILE", arguments->files, "result files")->required();
  command->add_option("--metric", arguments->metric, "a column of /rounds (default test_accuracy)");
  command->add_option("--target", arguments->target,
                      "a value of the metric: rounds, bytes and seconds to reach it");
  command->add_option("--group-by", arguments->group_by, "a config key; runs that agree in it make one row");
  command->add_option("--format", arguments->format, "text, csv, json or markdown")
      ->check(CLI::IsMember({"text", "csv", "json", "markdown"}));
  command->footer(
      "Runs that differ only in their seed make one row. Differences are of the last value, paired by seed, "
      "to the\n"
      "first row, with Student's 95 % confidence interval.\n"
      "Examples:\n"
      "  fedsim compare results/fedavg-s*.h5 results/fedprox-s*.h5 --target 0.8\n"
      "  fedsim compare results/*.h5 --group-by algorithm.name --format markdown");
  command->callback([arguments, &exit_code] {
    compare_files(*arguments);
    exit_code = 0;
  });
}

}  // namespace fedsim::app
