// Real images, real accuracy: federated runs against what a plain loop reaches.
#include "catch.hpp"
#include "cli/images.h"

namespace fedsim::test {
namespace {

/// McMahan et al. (arXiv:1602.05629), Table 1's 2NN, IID, C = .1, E = 1, B = 10, at lr .1.
std::string two_layers(const std::string& dataset, int rounds) {
  return fmt::format(
      "rounds = {}\ndevice = \"cpu\"\n[data]\ndataset = \"{}\"\n[partition]\nscheme = \"iid\"\nclients = 100\n"
      "[model]\nname = \"2nn\"\n[client]\nlr = 0.1\nbatch_size = 10\nepochs = 1\n"
      "[sampling]\nclients_per_round = 10\n[algorithm]\nname = \"fedavg\"\n",
      rounds, dataset);
}

std::vector<double> accuracy_of(const std::string& dataset, int rounds) {
  const TempFolder folder;
  const auto config = folder.write("2nn.toml", two_layers(dataset, rounds));
  fedsim_ok(folder, {"run", config.string(), "-o", "2nn.h5", "--quiet"}, data_of(dataset));
  return read_numbers(folder / "2nn.h5", "/rounds/test_accuracy");
}

/// Mean over five seeds of plain_fedavg.py, and what a run may differ by: four of its standard deviations and more,
/// since two implementations also differ in their random numbers.
struct Expected {
  std::size_t round;
  double accuracy, tolerance;
};

void check_curve(const std::string& dataset, const std::vector<Expected>& curve) {
  const auto accuracy = accuracy_of(dataset, static_cast<int>(curve.back().round));
  REQUIRE(accuracy.size() == curve.back().round + 1);
  CHECK(accuracy[0] == Approx(.1).margin(.08));  // untrained
  for (const auto& point : curve) {
    INFO(dataset << ", round " << point.round);
    CHECK(accuracy[point.round] == Approx(point.accuracy).margin(point.tolerance));
  }
}

TEST_CASE("2nn on MNIST learns as fast as a plain loop", "[cli][learning]") {
  if (absent("mnist")) return;
  // plain_fedavg.py: .649 +- .042, .8942 +- .0045, .9222 +- .0019, .9478 +- .0014.
  // A PyTorch loop had .684, .895, .923, .947.
  check_curve("mnist", {{1, .649, .17}, {5, .8942, .02}, {10, .9222, .012}, {20, .9478, .01}});
}

TEST_CASE("2nn on Fashion-MNIST learns as fast as a plain loop", "[cli][learning]") {
  if (absent("fashion-mnist")) return;
  // plain_fedavg.py: .573 +- .037, .7495 +- .0116, .7875 +- .0026, .8203 +- .0029.
  check_curve("fashion-mnist", {{1, .573, .16}, {5, .7495, .05}, {10, .7875, .02}, {20, .8203, .015}});
}

}  // namespace
}  // namespace fedsim::test
