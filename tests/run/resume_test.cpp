// Whatever is registered: a run that was cut off and resumed has the bytes of one that never was. A new algorithm, server
// optimiser, sampler or rule is covered the day it is registered.
#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

#include "catch.hpp"
#include "cli/result_file.h"
#include "experiment/experiment.h"
#include "run/run.h"
#include "temporary_folder.hpp"

namespace fedsim::test {
namespace {

constexpr std::int64_t rounds = 5;

/// Leaves in the middle, as a kill would: after a round is committed, before the next checkpoint.
class Cut final : public RunObserver {
 public:
  struct Off : std::runtime_error {
    Off() : std::runtime_error("cut off") {}
  };
  explicit Cut(std::int64_t after) : after_(after) {}
  void round(const RoundRow& row) override {
    if (row.round == after_) throw Off();
  }

 private:
  std::int64_t after_;
};

std::string config(const std::string& algorithm, const std::string& optimizer, const std::string& sampler,
                   const std::string& rule, const char* memory) {
  return fmt::format(
      "rounds = {}\nthreads = 2\ndevice = \"cpu\"\n"
      "[data]\ndataset = \"synthetic\"\nfeatures = 3\nclasses = 3\nsamples_per_client = 20\n"
      "[partition]\nscheme = \"natural\"\nclients = 6\n[model]\nname = \"logistic\"\n"
      "[sampling]\nscheme = \"{}\"\nclients_per_round = 3\n[algorithm]\nname = \"{}\"\n[server]\noptimizer = \"{}\"\n"
      "[aggregate]\nrule = \"{}\"\n[evaluate]\nevery = 2\n[output]\ncheckpoint_every = 2\nstate_memory = \"{}\"\n",
      rounds, sampler, algorithm, optimizer, rule, memory);
}

void check_resumed(const std::string& text) {
  // Hundreds of small files, each synced: in memory where that can be, since this is not about the disk.
  const std::filesystem::path memory = "/dev/shm";
  const TemporaryFolder folder(std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path());
  INFO(text);
  std::ofstream(folder / "run.toml") << text;
  const Experiment experiment = read_experiment(folder / "run.toml");
  RunObserver silent;
  run_experiment(experiment, {.output = folder / "whole.h5"}, silent);

  const auto output = folder / "cut.h5";
  Cut before_any_checkpoint(1), after_one(3);
  CHECK_THROWS_AS(run_experiment(experiment, {.output = output}, before_any_checkpoint), Cut::Off);
  CHECK_THROWS_AS(run_experiment(experiment, {.output = output, .resume = true}, after_one), Cut::Off);
  run_experiment(experiment, {.output = output, .resume = true}, silent);

  const auto whole = read_reproducible(folder / "whole.h5"), resumed = read_reproducible(output);
  REQUIRE(whole.size() > 10);
  REQUIRE(whole.size() == resumed.size());
  for (const auto& [name, bytes] : whole) {
    INFO(name);
    CHECK((bytes == resumed.at(name)));
  }
}

}  // namespace

TEST_CASE("cut off and resumed: every algorithm, server optimiser and sampler", "[run][resume]") {
  for (const auto& algorithm : Registry<Algorithm>::names())
    for (const auto& optimizer : Registry<ServerOptimizer>::names())
      for (const auto& sampler : Registry<Sampler>::names())
        check_resumed(config(algorithm, optimizer, sampler, "mean", "1MB"));
}

TEST_CASE("cut off and resumed: every rule, and every algorithm with its clients' states on disk", "[run][resume]") {
  for (const auto& rule : Registry<AggregateRule>::names()) check_resumed(config("scaffold", "adam", "uniform", rule, "1MB"));
  for (const auto& algorithm : Registry<Algorithm>::names())
    check_resumed(config(algorithm, "momentum", "weighted", "mean", "0"));
}

}  // namespace fedsim::test
