// The one loop of local training, over any learner.
#pragma once

#include <cstdint>

#include "algorithm/round.h"
#include "algorithm/trainer.h"
#include "data/dataset.h"
#include "train/batch_plan.h"
#include "train/learner.h"

namespace fedsim {

/// One worker: a learner with room for its batches. Used by one thread at a time; memory independent of clients.
class Worker {
 public:
  Worker(std::unique_ptr<Learner> learner, const Dataset& data, Dtype dtype);
  ~Worker();
  /// One learner's step for each batch of the client's BatchPlan.
  LocalResult sgd(const ClientData& client, const Round& round, const LocalJob& job, Answer answer = Answer::model);
  /// Gradient and mean loss over all of the client's samples.
  GradientResult gradient(const ClientData& client, const Round& round, const Vec& w);
  /// Sums over rows [first, first + count) of `samples` at `w`, a fixed number of rows at a time.
  Evaluation evaluate(const Samples& samples, std::int64_t first, std::int64_t count, const Vec& w);
  /// The same over the dataset's test set, of Engine::test_rows(data) rows. For quadratic data, which has no test
  /// set, the rows are clients: loss = sum n_k f_k(w), count = sum n_k, correct = 0.
  Evaluation test(std::int64_t first, std::int64_t count, const Vec& w);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fedsim
