// uniform: m of N clients, every set of m equally likely. Floyd's method (Bentley and Floyd, CACM 30(9),
// 1987): m draws and O(m) memory, whatever N.
#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

#include "sampling/sampler.h"

namespace fedsim {
namespace {

/// At most so many clients, in one piece of memory: places at least half empty, searched from a multiplicative hash on.
class ClientSet {
 public:
  explicit ClientSet(std::int64_t most)
      : places_(std::bit_ceil(static_cast<std::size_t>(2 * most + 2)), -1), shift_(65 - static_cast<int>(std::bit_width(places_.size()))) {}

  /// False where it is there already.
  bool insert(std::int64_t client) {
    std::size_t i = (static_cast<std::uint64_t>(client) * 0x9E3779B97F4A7C15u) >> shift_;  // 2^64 / the golden ratio
    for (; places_[i] != client; i = (i + 1) & (places_.size() - 1))
      if (places_[i] < 0) {
        places_[i] = client;
        return true;
      }
    return false;
  }
  std::vector<std::int64_t> sorted() && {
    std::erase(places_, -1);
    std::sort(places_.begin(), places_.end());
    return std::move(places_);
  }

 private:
  std::vector<std::int64_t> places_;  // -1: none
  int shift_;
};

class Uniform final : public Sampler {
 public:
  using Options = NoOptions;
  explicit Uniform(Options) {}

  std::vector<std::int64_t> sample(const SamplingInput& input, Random random) const override {
    assert(input.cohort <= input.population);
    ClientSet chosen(input.cohort);
    for (std::int64_t j = input.population - input.cohort; j < input.population; ++j) {
      const auto candidate = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(j) + 1));
      if (!chosen.insert(candidate)) chosen.insert(j);
    }
    return std::move(chosen).sorted();
  }
};

const Register<Sampler, Uniform> entry{
    "uniform", "clients_per_round clients, all equally likely, without replacement", "arXiv:1602.05629"};

}  // namespace
}  // namespace fedsim
