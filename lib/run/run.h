// The round loop.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "core/error.h"
#include "experiment/experiment.h"
#include "record/result_writer.h"
#include "run/prepare.h"

namespace fedsim {

struct RunRequest {
  std::filesystem::path output;  // NAME.h5
  bool force = false;   // replace what is there
  bool resume = false;  // go on from the last checkpoint, or from nothing where there is none
  bool allow_different_machine = false;  // of another device, trainer, instruction set or LibTorch: recorded
};

/// What a run tells while it runs; called on the main thread.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  struct Start {
    std::int64_t clients = 0, cohort = 0, parameters = 0, threads = 0, rounds = 0, resumed_after = -1;
    std::string data, trainer, device, isa;
    double seconds = 0;  // of preparation
  };
  virtual void started(const Start&) {}
  virtual void warning(const std::string&) {}
  /// The trainer that the run takes in place of this one: for programs that time it.
  virtual std::unique_ptr<Engine> instrument(std::unique_ptr<Engine> engine) { return engine; }
  virtual void round(const RoundRow&) {}
};

struct RunOutcome {
  Exit exit = Exit::done;
  std::string status;  // "complete", "stopped", "diverged"
  RoundRow last;       // last row committed
  double best_accuracy = not_evaluated;
  std::int64_t best_round = 0;
  double seconds = 0;
  std::string why;  // of a divergence: round, client, what usually causes it
};

/// Runs the experiment and writes the result file as the rounds end. Throws Error for everything a user can mend;
/// a stop that was asked for and a divergence are outcomes, with a valid file.
RunOutcome run_experiment(const Experiment& experiment, const RunRequest& request, RunObserver& observer);

}  // namespace fedsim
