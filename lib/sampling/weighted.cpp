// weighted: clients in proportion to their numbers of samples n_k.
//
// Without replacement: keys E_k / n_k with E_k exponential, the m smallest (Efraimidis and Spirakis, IPL
// 97(5), 2006): the same law as drawing one client after the other with probability n_k over what is left.
// O(N) time, O(m) memory. replacement = true: m independent draws with probability n_k / n, each a task of
// its own, and a plain mean (the sampling of FedProx's paper, arXiv:1812.06127). Clients without samples are
// never drawn.
#include <algorithm>
#include <cmath>
#include <queue>
#include <utility>

#include "sampling/sampler.h"

namespace fedsim {
namespace {

std::vector<std::int64_t> with_replacement(const SamplingInput& input, Random& random) {
  const auto total = static_cast<std::uint64_t>(input.offsets.back() - input.offsets.front());
  std::vector<std::int64_t> cohort;
  for (std::int64_t i = 0; i < input.cohort && total > 0; ++i) {
    const auto sample = input.offsets.front() + static_cast<std::int64_t>(random.below(total));
    const auto after = std::upper_bound(input.offsets.begin(), input.offsets.end(), sample);
    cohort.push_back(after - input.offsets.begin() - 1);
  }
  return cohort;
}

std::vector<std::int64_t> without_replacement(const SamplingInput& input, Random& random) {
  std::priority_queue<std::pair<double, std::int64_t>> best;  // (key, client), the largest key on top
  for (std::int64_t k = 0; k < input.population && input.cohort > 0; ++k) {
    const std::int64_t size =
        input.offsets[static_cast<std::size_t>(k) + 1] - input.offsets[static_cast<std::size_t>(k)];
    if (size <= 0) continue;
    const std::pair key(-std::log(1.0 - random.uniform()) / static_cast<double>(size), k);
    if (static_cast<std::int64_t>(best.size()) < input.cohort) {
      best.push(key);
    } else if (key < best.top()) {
      best.pop();
      best.push(key);
    }
  }
  std::vector<std::int64_t> cohort;
  for (; !best.empty(); best.pop()) cohort.push_back(best.top().second);
  return cohort;
}

class Weighted final : public Sampler {
 public:
  struct Options {
    bool replacement = false;
    void visit(OptionVisitor& option) {
      option("replacement", replacement, "independent draws, each a task; the mean is then plain");
    }
  };
  explicit Weighted(Options options) : o_(options) {}

  std::vector<std::int64_t> sample(const SamplingInput& input, Random random) const override {
    auto cohort = o_.replacement ? with_replacement(input, random) : without_replacement(input, random);
    std::sort(cohort.begin(), cohort.end());
    return cohort;
  }
  bool plain_mean() const override { return o_.replacement; }

 private:
  Options o_;
};

const Register<Sampler, Weighted> entry{"weighted", "clients in proportion to their numbers of samples",
                                        "arXiv:1812.06127"};

}  // namespace
}  // namespace fedsim
