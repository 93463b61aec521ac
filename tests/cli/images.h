// Short experiments on Fashion-MNIST (Debian's package dataset-fashion-mnist, or a folder given by FEDSIM_DATA).
#pragma once

#include <fmt/format.h>

#include <string>

#include "catch.hpp"
#include "cli/program.h"
#include "cli/result_file.h"

namespace fedsim::test {

/// 2,000 images on ten clients, half of which take part in each of three rounds: two seconds.
inline std::string small_images(const std::string& tables) {
  return "rounds = 3\ndevice = \"cpu\"\n[data]\ndataset = \"fashion-mnist\"\ntrain_limit = 2000\n"
         "[partition]\nscheme = \"dirichlet\"\nalpha = 0.5\nclients = 10\n"
         "[sampling]\nclients_per_round = 5\n[evaluate]\nevery = 3\n" +
         tables;
}

/// True, with a line that says so, where the data are not on this machine.
inline bool absent(const std::string& dataset) {
  if (!folder_with(dataset).empty()) return false;
  WARN("skipped: no " << dataset << " in FEDSIM_DATA, datasets/data, ../shared/datasets or /usr/share/datasets");
  return true;
}

/// Where the program finds the data.
inline Environment data_of(const std::string& dataset) { return {{"FEDSIM_DATA", folder_with(dataset).string()}}; }

/// Runs `toml` on Fashion-MNIST and returns the result file.
inline std::filesystem::path run_images(const TempFolder& folder, const std::string& name, const std::string& toml,
                                        std::vector<std::string> more = {}) {
  const auto config = folder.write(fmt::format("{}.toml", name), toml);
  std::vector<std::string> arguments{"run", config.string(), "-o", fmt::format("{}.h5", name), "--quiet"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  fedsim_ok(folder, arguments, data_of("fashion-mnist"));
  return folder / fmt::format("{}.h5", name);
}

/// Fails with the names of the datasets that differ.
inline void check_same_bytes(const std::filesystem::path& a, const std::filesystem::path& b) {
  const auto left = read_reproducible(a), right = read_reproducible(b);
  REQUIRE(left.size() > 10);
  CHECK(left.size() == right.size());
  for (const auto& [name, bytes] : left) {
    INFO(a << " and " << b << " differ in " << name);
    const auto other = right.find(name);
    REQUIRE(other != right.end());
    CHECK((bytes == other->second));
  }
}

}  // namespace fedsim::test
