// Local training of many clients at once: what a GPU wants instead of a client a worker.
#pragma once

#include <span>
#include <vector>

#include "algorithm/round.h"
#include "algorithm/trainer.h"
#include "train/batch_plan.h"

namespace fedsim {

/// Answers the requests of several clients in one go, each as Worker would (same batches, masks and noise), up to
/// rounding. Used by one thread. A client's answer depends on which clients are trained beside it in rounding only;
/// so whoever calls must choose groups by the config alone.
class CohortTrainer {
 public:
  virtual ~CohortTrainer() = default;
  struct Job {
    const ClientData* client = nullptr;
    const LocalJob* job = nullptr;
  };
  struct Point {
    const ClientData* client = nullptr;
    const Vec* w = nullptr;
  };
  /// Local SGD. All jobs have the same `prox`, and all or none a `linear`; starts and anchors may differ.
  virtual std::vector<LocalResult> sgd(const Round& round, std::span<const Job> jobs) = 0;
  /// Gradient and mean loss over all of each client's samples.
  virtual std::vector<GradientResult> gradient(const Round& round, std::span<const Point> points) = 0;
};

}  // namespace fedsim
