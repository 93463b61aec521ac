// fedsim config: the resolved config, every default filled in.
#include <fmt/format.h>

#include <memory>

#include "commands.h"
#include "experiment/experiment.h"

namespace fedsim::app {
namespace {

struct Arguments {
  std::string config;
  std::vector<std::string> sets;
  Outside outside = Outside::refused;
};

}  // namespace

void add_config(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("config", "print the resolved config, every default filled in");
  command->add_option("CONFIG", arguments->config, "the experiment (TOML)")->required();
  command->add_option("--set", arguments->sets, "KEY=VALUE: a dotted key; wins over the file")
      ->allow_extra_args(false);
  add_allow_outside(*command, arguments->outside);
  command->footer(
      "What is printed is a config that `fedsim run` accepts, with the same results; its paths are absolute, so\n"
      "saved into another folder it needs --allow-outside.\n\n"
      "Examples:\n"
      "  fedsim config configs/quickstart.toml\n"
      "  fedsim config exp.toml --set algorithm.name=fedprox --set algorithm.mu=0.1 > prox.toml");
  command->callback([arguments, &exit_code] {
    fmt::print("{}", read_experiment(arguments->config, arguments->sets, arguments->outside).resolved);
    exit_code = 0;
  });
}

}  // namespace fedsim::app
