// What a run lets its observer do.
#include <fstream>

#include "catch.hpp"
#include "experiment/experiment.h"
#include "run/run.h"
#include "temporary_folder.hpp"

using namespace fedsim;

namespace {

/// Puts the compiled trainer in the place of the one that was asked for.
class Exchange final : public RunObserver {
 public:
  explicit Exchange(const Experiment& compiled) : compiled_(compiled) {}
  std::unique_ptr<Engine> instrument(std::unique_ptr<Engine> engine) override {
    asked_for = engine->trainer();
    return prepare_engine(compiled_, prepared_.data);
  }
  void started(const Start& start) override { taken = start.trainer; }
  std::string asked_for, taken;

 private:
  const Experiment& compiled_;
  const Prepared prepared_ = prepare(compiled_);
};

}  // namespace

TEST_CASE("an observer may put another trainer in the place of the run's", "[run]") {
  const TemporaryFolder folder;
  std::ofstream(folder / "run.toml") << "rounds = 1\ndevice = \"cpu\"\ntrainer = \"autograd\"\n"
                                        "[data]\ndataset = \"synthetic\"\n[partition]\nscheme = \"natural\"\nclients = 6\n"
                                        "[model]\nname = \"logistic\"\n[sampling]\nclients_per_round = 3\n";
  const Experiment experiment = read_experiment(folder / "run.toml");
  const Experiment compiled = read_experiment(folder / "run.toml", {"trainer=compiled"});
  Exchange observer(compiled);
  run_experiment(experiment, {.output = folder / "run.h5"}, observer);
  CHECK(observer.asked_for == "autograd");
  CHECK(observer.taken == "compiled");
}
