// Every config that is shipped is right, and small twins of the papers' cells run and learn.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "catch.hpp"
#include "cli/images.h"

namespace fedsim::test {
namespace {

namespace fs = std::filesystem;

/// All experiments under configs/: every TOML file but the tables of expected values.
std::vector<fs::path> shipped_configs() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(source_folder() / "configs"))
    if (entry.path().extension() == ".toml" && entry.path().filename() != "expected.toml") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

TEST_CASE("every shipped config passes `fedsim check`", "[cli][configs]") {
  const TempFolder folder;
  const auto configs = shipped_configs();
  REQUIRE(configs.size() > 30);
  for (const auto& config : configs) {
    // A dataset that is not on this machine: its config can still be read and resolved.
    const Outcome resolved = fedsim(folder, {"config", config.string()});
    INFO(config << "\n" << resolved.err);
    CHECK(resolved.exit == 0);
    std::string dataset = "fashion-mnist";
    if (resolved.out.find("dataset = \"mnist\"") != std::string::npos) dataset = "mnist";
    const bool images = resolved.out.find(fmt::format("dataset = \"{}\"", dataset)) != std::string::npos;
    if (images && folder_with(dataset).empty()) {
      WARN("not checked with data (no " << dataset << "): " << config);
      continue;
    }
    const Outcome checked = fedsim(folder, {"check", config.string()}, images ? data_of(dataset) : Environment{});
    INFO(checked.err);
    CHECK(checked.exit == 0);
  }
}

TEST_CASE("a resolved config is accepted and means the same", "[cli][configs]") {
  const TempFolder folder;
  const auto config = source_folder() / "configs/papers/niid-bench/fmnist-c2-scaffold.toml";
  const std::string first = fedsim_ok(folder, {"config", config.string()}).out;
  const auto copy = folder.write("copy.toml", first);
  const std::string second = fedsim_ok(folder, {"config", copy.string()}).out;
  CHECK(first == second);
}

TEST_CASE("small twins of the NIID-Bench cells run and learn", "[cli][papers]") {
  if (absent("fashion-mnist")) return;
  const TempFolder folder;
  std::vector<fs::path> twins;
  for (const auto& config : shipped_configs())
    if (config.filename().string().rfind("twin-", 0) == 0) twins.push_back(config);
  REQUIRE(twins.size() >= 4);
  for (const auto& twin : twins) {
    const std::string name = twin.stem().string();
    fedsim_ok(folder, {"run", twin.string(), "-o", name + ".h5", "--quiet"}, data_of("fashion-mnist"));
    const auto accuracy = read_numbers(folder / (name + ".h5"), "/rounds/test_accuracy");
    fmt::print("{}: test accuracy {:.4f} after {} rounds\n", name, accuracy.back(), accuracy.size() - 1);
    INFO(name);
    // Ten classes of equal size: chance is .1, with a standard deviation of .003. What a twin reaches is in the README.
    CHECK(accuracy.back() > .3);
  }
}

}  // namespace
}  // namespace fedsim::test
