// poisson: every client by itself with probability q = m/N, as the accountants of differential privacy assume
// (Abadi et al. 2016, arXiv:1607.00133). The size of a round varies and may be 0.
//
// The gaps between chosen clients are geometric, P(gap = g) = (1-q)^g q, so a round costs O(m), not O(N).
#include <cassert>
#include <cmath>
#include <numeric>

#include "sampling/sampler.h"

namespace fedsim {
namespace {

class Poisson final : public Sampler {
 public:
  using Options = NoOptions;
  explicit Poisson(Options) {}

  std::vector<std::int64_t> sample(const SamplingInput& input, Random random) const override {
    assert(input.cohort <= input.population);
    std::vector<std::int64_t> cohort;
    if (input.cohort == input.population) {
      cohort.resize(static_cast<std::size_t>(input.population));
      std::iota(cohort.begin(), cohort.end(), std::int64_t{0});
      return cohort;
    }
    if (input.cohort <= 0) return cohort;
    const double q = static_cast<double>(input.cohort) / static_cast<double>(input.population);
    const double log_miss = std::log1p(-q);  // < 0
    for (std::int64_t client = -1;;) {
      const double gap = std::floor(std::log(1.0 - random.uniform()) / log_miss);  // >= 0, maybe huge
      if (gap >= static_cast<double>(input.population - 1 - client)) return cohort;
      client += 1 + static_cast<std::int64_t>(gap);
      cohort.push_back(client);
    }
  }
};

const Register<Sampler, Poisson> entry{
    "poisson", "each client with probability clients_per_round / clients; may be none", "arXiv:1607.00133"};

}  // namespace
}  // namespace fedsim
