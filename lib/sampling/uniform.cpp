// uniform: m of N clients, every set of m equally likely. Floyd's method (Bentley and Floyd, CACM 30(9),
// 1987): m draws and O(m) memory, whatever N.
#include <algorithm>
#include <cassert>
#include <unordered_set>

#include "sampling/sampler.h"

namespace fedsim {
namespace {

class Uniform final : public Sampler {
 public:
  using Options = NoOptions;
  explicit Uniform(Options) {}

  std::vector<std::int64_t> sample(const SamplingInput& input, Random random) const override {
    assert(input.cohort <= input.population);
    std::unordered_set<std::int64_t> chosen;
    chosen.reserve(static_cast<std::size_t>(input.cohort));
    for (std::int64_t j = input.population - input.cohort; j < input.population; ++j) {
      const auto candidate = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(j) + 1));
      if (!chosen.insert(candidate).second) chosen.insert(j);
    }
    std::vector<std::int64_t> cohort(chosen.begin(), chosen.end());
    std::sort(cohort.begin(), cohort.end());
    return cohort;
  }
};

const Register<Sampler, Uniform> entry{
    "uniform", "clients_per_round clients, all equally likely, without replacement", "arXiv:1602.05629"};

}  // namespace
}  // namespace fedsim
