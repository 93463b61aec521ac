// fedsim partition: how the data fall on the clients.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "commands.h"
#include "partition/index_file.h"
#include "report/partition_picture.h"
#include "run/prepare.h"

namespace fedsim::app {
namespace {

struct Arguments {
  std::string config, plot, output;
  std::vector<std::string> sets;
  Outside outside = Outside::refused;
};

/// "quickstart: fashion-mnist by dirichlet"
std::string title_of(const Experiment& experiment) {
  return fmt::format("{}: {} by {}", experiment.run.name, experiment.data.dataset,
                     experiment.partition.scheme);
}

void show_partition(const Arguments& arguments) {
  const Experiment experiment = read_experiment(arguments.config, arguments.sets, arguments.outside);
  if (!arguments.output.empty() && std::filesystem::exists(arguments.output))
    throw OutputError(fmt::format("{} exists; name another file or remove it", arguments.output));
  const Prepared prepared = prepare(experiment);
  const PartitionPicture picture = picture_of(prepared.partition, prepared.data, title_of(experiment));
  fmt::print("{}", partition_text(picture));
  if (!arguments.plot.empty()) {
    write_partition_svg(arguments.plot, picture);
    fmt::print(stderr, "picture      {}\n", arguments.plot);
  }
  if (!arguments.output.empty()) {
    write_index_lists(arguments.output, prepared.partition, prepared.data);
    fmt::print(stderr, "index lists  {}\n", arguments.output);
  }
}

}  // namespace

void add_partition(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("partition", "show how the data fall on the clients");
  command->add_option("CONFIG", arguments->config, "the experiment (TOML)")->required();
  command->add_option("--set", arguments->sets, "KEY=VALUE: a dotted key; wins over the file")
      ->allow_extra_args(false);
  add_allow_outside(*command, arguments->outside);
  command->add_option("--plot", arguments->plot, "write a picture (SVG)");
  command->add_option("-o,--output", arguments->output,
                      "write the index lists (HDF5, as /partition of a result; read by scheme \"file\")");
  command->footer(
      "Examples:\n"
      "  fedsim partition configs/quickstart.toml\n"
      "  fedsim partition exp.toml --set partition.alpha=0.1 --plot split.svg\n"
      "  fedsim partition exp.toml -o split.h5   # then: scheme = \"file\", file = \"split.h5\"");
  command->callback([arguments, &exit_code] {
    show_partition(*arguments);
    exit_code = 0;
  });
}

}  // namespace fedsim::app
