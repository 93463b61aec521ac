// fedsim plot: curves over rounds, bytes or time, with bands over seeds.
#include <fmt/format.h>

#include <memory>

#include "commands.h"
#include "report/curves.h"

namespace fedsim::app {
namespace {

struct Arguments {
  std::vector<std::string> files;
  std::string metric = "test_accuracy", x = "round", output, group_by, title;
};

void plot(const Arguments& arguments) {
  std::vector<RunData> runs;
  for (const auto& file : arguments.files) runs.push_back(load_run(file));
  auto chart = curves(group_runs(std::move(runs), arguments.group_by), arguments.metric, arguments.x);
  chart.title = arguments.title;
  write_picture(arguments.output, to_svg(chart));
  fmt::print(stderr, "picture  {}\n", arguments.output);
}

}  // namespace

void add_plot(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("plot", "draw curves of results, with bands over seeds");
  command->add_option("FILE", arguments->files, "result files")->required();
  command->add_option("--metric", arguments->metric, "a column of /rounds (default test_accuracy)");
  command->add_option("--x", arguments->x, "round, bytes, seconds or simulated_seconds")
      ->check(CLI::IsMember({"round", "bytes", "seconds", "simulated_seconds"}));
  command->add_option("--group-by", arguments->group_by,
                      "a config key; runs that agree in it make one curve");
  command->add_option("--title", arguments->title, "heading of the picture");
  command->add_option("-o,--output", arguments->output, "picture: .svg, .png or .pdf")->required();
  command->footer(
      "Runs that differ only in their seed make one curve: the mean, with a band of one standard deviation.\n"
      "Examples:\n"
      "  fedsim plot results/quickstart.h5 -o quickstart.svg\n"
      "  fedsim plot results/*.h5 --metric test_loss --x bytes -o loss.pdf\n"
      "  fedsim plot results/*.h5 --group-by algorithm.name -o algorithms.png");
  command->callback([arguments, &exit_code] {
    plot(*arguments);
    exit_code = 0;
  });
}

}  // namespace fedsim::app
