#include "core/random.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "catch.hpp"

using namespace fedsim;

TEST_CASE("Philox4x32-10 gives the known answers of Random123") {
  // kat_vectors of the Random123 distribution, philox4x32 10.
  using Words = std::array<std::uint32_t, 4>;
  CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("streams differ by seed, purpose, round and client, and can be begun later") {
  Random a(1, Purpose::batches, 2, 3), same(1, Purpose::batches, 2, 3);
  std::vector<std::uint32_t> words(150);
  for (auto& word : words) word = a.bits32();
  for (const auto word : words) CHECK(same.bits32() == word);
  CHECK(Random({.seed = 1, .purpose = Purpose::batches, .round = 2, .client = 3, .word = 8}).bits32() == words[8]);
  CHECK(Random(2, Purpose::batches, 2, 3).bits32() != words[0]);
  CHECK(Random(1, Purpose::cohort, 2, 3).bits32() != words[0]);
  CHECK(Random(1, Purpose::batches, 3, 3).bits32() != words[0]);
  CHECK(Random(1, Purpose::batches, 2, 4).bits32() != words[0]);
}

TEST_CASE("a stream is the function of its counters, one after the other") {
  // [block low, purpose and block high, round, client]: the low word of the block's number runs over into the high one.
  for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{0xffffffff} - 5, std::uint64_t{0x300000007}}) {
    Random random({.seed = 0x123456789, .purpose = Purpose::batches, .round = 2, .client = 3, .word = 4 * first});
    for (std::uint64_t block = first; block < first + 40; ++block) {
      const auto high = static_cast<std::uint32_t>(block >> 32) | std::uint32_t{4} << 24;
      const auto words = philox4x32({static_cast<std::uint32_t>(block), high, 2, 3}, {0x23456789, 1});
      for (const auto word : words) CHECK(random.bits32() == word);
    }
  }
}

TEST_CASE("moments of the distributions") {
  // Standard error of a mean of n is sd/sqrt(n); all bounds below are five of them.
  Random random(7, Purpose::data);
  const int n = 200000;
  double sum = 0, squares = 0, gamma = 0, uniform = 0;
  for (int i = 0; i < n; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
    gamma += random.gamma(2.5);
    uniform += random.uniform();
  }
  CHECK(std::abs(sum / n) < 5.0 / std::sqrt(n));
  CHECK(std::abs(squares / n - 1) < 5.0 * std::sqrt(2.0 / n));       // Var x^2 = 2
  CHECK(std::abs(gamma / n - 2.5) < 5.0 * std::sqrt(2.5 / n));       // mean = variance = shape
  CHECK(std::abs(uniform / n - 0.5) < 5.0 * std::sqrt(1.0 / 12 / n));
}

TEST_CASE("tiny gamma shapes stay finite in logarithms") {
  // E[log gamma(a)] = digamma(a), about -1/a for small a; sd about 1/a.
  Random random(3, Purpose::partition);
  double sum = 0;
  const int n = 20000;
  for (int i = 0; i < n; ++i) {
    const double x = random.log_gamma_variate(1e-6);
    REQUIRE(std::isfinite(x));
    sum += x;
  }
  CHECK(sum / n == Approx(-1e6).epsilon(5.0 / std::sqrt(n)));
}

TEST_CASE("below is uniform and a shuffle is a permutation") {
  Random random(5, Purpose::cohort);
  std::vector<int> counts(10);
  for (int i = 0; i < 100000; ++i) ++counts[random.below(10)];
  double chi2 = 0;
  for (const int c : counts) chi2 += (c - 10000.0) * (c - 10000.0) / 10000.0;
  CHECK(chi2 < 27.9);  // 99.9 % quantile with 9 degrees of freedom
  std::vector<int> values(100);
  std::iota(values.begin(), values.end(), 0);
  random.shuffle(std::span(values));
  CHECK_FALSE(std::is_sorted(values.begin(), values.end()));
  std::sort(values.begin(), values.end());
  for (int i = 0; i < 100; ++i) CHECK(values[static_cast<std::size_t>(i)] == i);
}
