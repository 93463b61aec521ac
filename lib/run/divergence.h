// What is said of a run that diverged.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "algorithm/algorithm.h"
#include "train/learner.h"

namespace fedsim {

/// The first coordinate of an update that is not finite (of its second vector where the first is); -1: all are finite,
/// but too large for the sum.
std::int64_t first_nonfinite(const Update& update);

/// Norms of the mean updates of the last rounds, oldest first.
class NormTrail {
 public:
  void add(double norm);  // NaN: a round without an update, left out
  std::string text() const;  // "0.5, 12, 3.1e+08"; empty before the first

 private:
  std::deque<double> norms_;
};

struct Divergence {
  std::int64_t round = 0;
  std::int64_t nonfinite = 0, chosen = 0;       // clients
  std::int64_t client = -1, coordinate = -1;    // of the first one, as first_nonfinite gives it
};

/// One sentence each: where it broke (round, client, layer), how the norms grew, what usually causes it.
std::string divergence_message(const Divergence& divergence, const std::vector<Engine::Tensor>& tensors,
                               const NormTrail& trail);

}  // namespace fedsim
