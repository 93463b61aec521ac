#include "train/compiled/loss.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace fedsim::compiled {

template <class T>
Evaluation cross_entropy(const T* logits, const std::int32_t* targets, Index rows, Index classes, bool mean,
                         T factor, T* gradient) {
  Evaluation result;
  for (Index r = 0; r < rows; ++r) result.count += targets[r] >= 0;
  const T scale = mean && result.count > 0 ? factor / static_cast<T>(result.count) : factor;
  for (Index r = 0; r < rows; ++r) {
    const T* z = logits + r * classes;
    T* g = gradient ? gradient + r * classes : nullptr;
    const std::int32_t target = targets[r];
    if (target < 0) {
      if (g) std::fill_n(g, classes, T(0));
      continue;
    }
    if (target >= classes)
      throw DataError(fmt::format("a target is {}, the model has {} classes", target, classes));
    Index best = 0;
    for (Index c = 1; c < classes; ++c)
      if (z[c] > z[best]) best = c;
    T sum = 0;
    for (Index c = 0; c < classes; ++c) {
      const T e = std::exp(z[c] - z[best]);
      sum += e;
      if (g) g[c] = e;
    }
    result.loss += static_cast<double>(std::log(sum) - (z[target] - z[best]));
    result.correct += best == target;
    if (!g) continue;
    for (Index c = 0; c < classes; ++c) g[c] *= scale / sum;
    g[target] -= scale;
  }
  return result;
}

template Evaluation cross_entropy(const float*, const std::int32_t*, Index, Index, bool, float, float*);
template Evaluation cross_entropy(const double*, const std::int32_t*, Index, Index, bool, double, double*);

}  // namespace fedsim::compiled
