// fedsim export: the rounds of a result for other tools.
#include "report/export.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

#include "commands.h"
#include "core/error.h"

namespace fedsim::app {
namespace {

struct Arguments {
  std::string file, format = "csv", output;
};

void export_file(const Arguments& arguments) {
  const std::string text = export_rounds(load_run(arguments.file), arguments.format);
  if (arguments.output == "-") {
    fmt::print("{}", text);
    return;
  }
  std::ofstream out(arguments.output, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) throw OutputError(fmt::format("{}: can't write it: {}", arguments.output, std::strerror(errno)));
}

}  // namespace

void add_export(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("export", "write the rounds of a result as csv or jsonl");
  command->add_option("FILE", arguments->file, "a result file")->required();
  command->add_option("--format", arguments->format, "csv or jsonl")->check(CLI::IsMember({"csv", "jsonl"}));
  command->add_option("-o,--output", arguments->output, "where to write; - is standard output")->required();
  command->footer(
      "Examples:\n"
      "  fedsim export results/quickstart.h5 -o quickstart.csv\n"
      "  fedsim export results/quickstart.h5 --format jsonl -o -");
  command->callback([arguments, &exit_code] {
    export_file(*arguments);
    exit_code = 0;
  });
}

}  // namespace fedsim::app
