#include "run/evaluate.h"

#include <algorithm>
#include <numeric>

namespace fedsim {

Evaluation evaluate(Workers& workers, std::int64_t rows, const Vec& w) {
  constexpr std::int64_t batch = 512;  // rows; part of the reproducibility promise through the order of the sums
  const std::int64_t count = (rows + batch - 1) / batch;
  std::vector<Evaluation> parts(static_cast<std::size_t>(count));
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  const auto part = [&](std::int64_t i, Worker& worker, std::size_t) {
    const std::int64_t first = i * batch;
    parts[static_cast<std::size_t>(i)] = worker.test(first, std::min(batch, rows - first), w);
  };
  workers.for_each({order}, part, /*may_stop=*/false);
  Evaluation sum;
  for (const Evaluation& batch_sum : parts) {
    sum.loss += batch_sum.loss;
    sum.correct += batch_sum.correct;
    sum.count += batch_sum.count;
  }
  return sum;
}

}  // namespace fedsim
