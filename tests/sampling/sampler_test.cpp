// Laws of the samplers. Seeds are fixed; tolerances are 4 to 5 standard deviations of the statistic.
#include "sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "set_options.h"

using namespace fedsim;
using test::make;
using Clients = std::vector<std::int64_t>;

namespace {

Random stream(std::uint64_t round) { return Random(11, Purpose::cohort, round); }

/// Offsets of clients with these sample counts.
std::vector<std::int64_t> offsets_of(const std::vector<std::int64_t>& sizes) {
  std::vector<std::int64_t> offsets{0};
  for (const std::int64_t size : sizes) offsets.push_back(offsets.back() + size);
  return offsets;
}

bool ascending_and_distinct(const Clients& c) {
  return std::adjacent_find(c.begin(), c.end(), std::greater_equal<>()) == c.end();
}

}  // namespace

TEST_CASE("uniform: m different clients, ascending, in range", "[sampling]") {
  const auto sampler = make<Sampler>("uniform");
  for (const std::int64_t population : {1, 2, 10, 1000})
    for (const std::int64_t cohort : {std::int64_t{1}, population / 2, population}) {
      const SamplingInput input{.round = 1, .population = population, .cohort = cohort, .offsets = {}};
      const Clients clients = sampler->sample(input, stream(1));
      REQUIRE(static_cast<std::int64_t>(clients.size()) == cohort);
      CHECK(ascending_and_distinct(clients));
      if (cohort > 0) CHECK((clients.front() >= 0 && clients.back() < population));
    }
}

TEST_CASE("uniform: every pair equally likely", "[sampling]") {
  // 15 pairs of 6 clients, 15,000 rounds: 1000 each. Chi-square with 14 degrees of freedom: 99.99 %
  // quantile 42.6.
  const auto sampler = make<Sampler>("uniform");
  std::map<Clients, double> seen;
  for (std::uint64_t round = 1; round <= 15000; ++round)
    ++seen[sampler->sample({static_cast<std::int64_t>(round), 6, 2, {}}, stream(round))];
  REQUIRE(seen.size() == 15);
  double chi_square = 0;
  for (const auto& [pair, count] : seen) chi_square += (count - 1000) * (count - 1000) / 1000;
  CHECK(chi_square < 42.6);
}

TEST_CASE("uniform: a round of a million clients needs only its own memory and draws", "[sampling]") {
  const auto sampler = make<Sampler>("uniform");
  const Clients clients =
      sampler->sample({1, 1'000'000'000'000, 100, {}}, stream(1));  // N alone would be terabytes
  CHECK(clients.size() == 100);
  CHECK(clients.back() > 500'000'000'000);
}

TEST_CASE("a cohort is a function of its stream", "[sampling]") {
  const auto offsets = offsets_of(std::vector<std::int64_t>(50, 3));
  for (const char* name : {"uniform", "weighted", "poisson"}) {
    const auto sampler = make<Sampler>(name);
    const SamplingInput input{1, 50, 10, offsets};
    CHECK(sampler->sample(input, stream(1)) == sampler->sample(input, stream(1)));
    CHECK(sampler->sample(input, stream(1)) != sampler->sample(input, stream(2)));
  }
}

TEST_CASE("weighted without replacement follows successive draws", "[sampling]") {
  // Sizes 1, 2, 5; two clients a round. P(the pair misses k) from the order of draws, p = 1/8, 2/8, 5/8:
  // P{0,1} = 1/8 * 2/7 + 2/8 * 1/6 = 0.0357143 + 0.0416667 = 0.0773810
  // P{0,2} = 1/8 * 5/7 + 5/8 * 1/3 = 0.0892857 + 0.2083333 = 0.2976190
  // P{1,2} = 2/8 * 5/6 + 5/8 * 2/3 = 0.2083333 + 0.4166667 = 0.6250000; 20,000 rounds: sd < 0.0035.
  const auto sampler = make<Sampler>("weighted");
  CHECK_FALSE(sampler->plain_mean());
  const auto offsets = offsets_of({1, 2, 5});
  std::map<Clients, double> seen;
  for (std::uint64_t round = 1; round <= 20000; ++round)
    seen[sampler->sample({static_cast<std::int64_t>(round), 3, 2, offsets}, stream(round))] += 1.0 / 20000;
  REQUIRE(seen.size() == 3);
  CHECK(seen[{0, 1}] == Approx(0.0773810).margin(0.0076));
  CHECK(seen[{0, 2}] == Approx(0.2976190).margin(0.013));
  CHECK(seen[{1, 2}] == Approx(0.625).margin(0.014));
}

TEST_CASE("weighted never draws a client without samples", "[sampling]") {
  const auto offsets = offsets_of({0, 3, 0, 1});
  for (const bool replacement : {false, true}) {
    const auto sampler = make<Sampler>("weighted", {{"replacement", replacement}});
    for (std::uint64_t round = 1; round <= 100; ++round)
      for (const std::int64_t k : sampler->sample({1, 4, 2, offsets}, stream(round)))
        CHECK((k == 1 || k == 3));
  }
  // Fewer clients with samples than places: those there are.
  CHECK(make<Sampler>("weighted")->sample({1, 4, 3, offsets}, stream(1)) == Clients{1, 3});
}

TEST_CASE("weighted with replacement: m draws by size, and a plain mean", "[sampling]") {
  // Sizes 1, 2, 5: shares 1/8, 2/8, 5/8 of 20,000 x 2 draws, sd < 0.0025.
  const auto sampler = make<Sampler>("weighted", {{"replacement", true}});
  CHECK(sampler->plain_mean());
  const auto offsets = offsets_of({1, 2, 5});
  std::vector<double> share(3, 0);
  bool repeated = false;
  for (std::uint64_t round = 1; round <= 20000; ++round) {
    const Clients drawn = sampler->sample({1, 3, 2, offsets}, stream(round));
    REQUIRE(drawn.size() == 2);
    CHECK(std::is_sorted(drawn.begin(), drawn.end()));
    repeated |= drawn[0] == drawn[1];
    for (const std::int64_t k : drawn) share[static_cast<std::size_t>(k)] += 1.0 / 40000;
  }
  CHECK(repeated);
  CHECK(share[0] == Approx(0.125).margin(0.01));
  CHECK(share[1] == Approx(0.25).margin(0.01));
  CHECK(share[2] == Approx(0.625).margin(0.01));
}

TEST_CASE("poisson: independent clients, empty rounds included", "[sampling]") {
  // N = 4, m = 1, q = 1/4: sizes are binomial(4, 1/4): P(0) = (3/4)^4 = 0.316406, P(1) = 0.421875, P(2) =
  // 0.210938, P(3) = 0.046875, P(4) = 0.003906. 20,000 rounds: sd <= 0.0035. Each client is in a quarter of
  // the rounds.
  const auto sampler = make<Sampler>("poisson");
  std::vector<double> sizes(5, 0), per_client(4, 0);
  for (std::uint64_t round = 1; round <= 20000; ++round) {
    const Clients drawn = sampler->sample({1, 4, 1, {}}, stream(round));
    REQUIRE(drawn.size() <= 4);
    CHECK(ascending_and_distinct(drawn));
    sizes[drawn.size()] += 1.0 / 20000;
    for (const std::int64_t k : drawn) per_client[static_cast<std::size_t>(k)] += 1.0 / 20000;
  }
  CHECK(sizes[0] == Approx(0.316406).margin(0.014));
  CHECK(sizes[1] == Approx(0.421875).margin(0.014));
  CHECK(sizes[2] == Approx(0.210938).margin(0.012));
  CHECK(sizes[3] == Approx(0.046875).margin(0.006));
  CHECK(sizes[4] == Approx(0.003906).margin(0.002));
  for (const double share : per_client) CHECK(share == Approx(0.25).margin(0.0125));
}

TEST_CASE("poisson: everyone at q = 1; few draws at a tiny q", "[sampling]") {
  const auto sampler = make<Sampler>("poisson");
  CHECK(sampler->sample({1, 5, 5, {}}, stream(1)) == Clients{0, 1, 2, 3, 4});
  // 1e12 clients, 100 expected: sd 10.
  const Clients drawn = sampler->sample({1, 1'000'000'000'000, 100, {}}, stream(1));
  CHECK(drawn.size() > 50);
  CHECK(drawn.size() < 150);
}
