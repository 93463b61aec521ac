#include "cli/quadratic.h"

#include <fmt/format.h>

#include <cmath>

namespace fedsim::test {
namespace {

QuadraticFile file_of(const Line& line) {
  return {.dimension = 1,
          .hessian = line.a,
          .center = line.b,
          .samples = line.samples,
          .steps = line.steps,
          .start = {line.start}};
}

}  // namespace

QuadraticRun::QuadraticRun(const QuadraticFile& data) : clients_(data.center.size() / data.dimension) {
  write_quadratic(folder_ / "q.h5", data);
}

QuadraticRun::QuadraticRun(const Line& line) : QuadraticRun(file_of(line)) {}

std::filesystem::path QuadraticRun::config(const std::string& top, const std::string& tables) const {
  std::string text = fmt::format("dtype = \"float64\"\ndevice = \"cpu\"\n{}\n", top);
  text += "[data]\ndataset = \"quadratic\"\nfile = \"q.h5\"\n[partition]\nscheme = \"natural\"\n";
  text += "[model]\nname = \"quadratic\"\n";
  if (tables.find("[sampling]") == std::string::npos)
    text += fmt::format("[sampling]\nclients_per_round = {}\n", clients_);
  return folder_.write("q.toml", text + tables);
}

std::filesystem::path QuadraticRun::run(const std::string& top, const std::string& tables) const {
  const auto file = config(top, tables);
  fedsim_ok(folder_, {"run", file.string(), "-o", "q-result.h5", "--force", "--quiet"});
  return folder_ / "q-result.h5";
}

std::vector<double> QuadraticRun::model(const std::string& top, const std::string& tables) const {
  return read_numbers(run(top, tables), "/model/parameters");
}

double progress(double eta, double a, double steps) { return 1 - std::pow(1 - eta * a, steps); }

}  // namespace fedsim::test
