// Evaluation of a model on a set of samples, in parallel batches.
#pragma once

#include <optional>

#include "core/vec.h"
#include "data/dataset.h"
#include "run/workers.h"
#include "train/learner.h"

namespace fedsim {

/// Sums over all of `samples` at `w`, added in the order of fixed batches: the same bits for any number of threads.
/// Nothing where a stop was requested meanwhile.
std::optional<Evaluation> evaluate(Workers& workers, const Samples& samples, const Vec& w);

}  // namespace fedsim
