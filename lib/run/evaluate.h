// Evaluation of a model on the test set, in parallel batches.
#pragma once

#include "core/vec.h"
#include "run/workers.h"
#include "train/learner.h"

namespace fedsim {

/// Sums over test rows [0, rows) (Engine::test_rows) at `w`, added in the order of fixed batches: the same bits for any number of threads.
/// Not interrupted by a stop: the server has stepped already, and its round deserves its row.
Evaluation evaluate(Workers& workers, std::int64_t rows, const Vec& w);

}  // namespace fedsim
