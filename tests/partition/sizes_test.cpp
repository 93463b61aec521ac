// The schemes that skew sizes only: quantity, lognormal, powerlaw; and noise, which skews features only.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "partition/labelled.h"

using namespace fedsim;
using test::labelled;
using test::make;
using test::sizes_of;

TEST_CASE("quantity: sizes have the Dirichlet's variance", "[partition]") {
  // p_k ~ Beta(a, (N-1) a), a = 1, N = 10: mean 0.1, variance 0.1 * 0.9 / 11 = 0.0081818. 2000 seeds x client
  // 0: sd of the mean 0.0020, of the variance 0.0081818 sqrt((kurt-1)/2000), kurt of Beta(1, 9) = 6.0:
  // 0.00041. 4 sd.
  const Dataset data = labelled(1000, 10);
  const auto scheme = make<PartitionScheme>("quantity", {{"alpha", 1.0}, {"min_samples", std::int64_t{0}}});
  double sum = 0, squares = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    const double share = static_cast<double>(scheme->split({&data, {}, 10, seed}).size(0)) / 1000;
    sum += share;
    squares += share * share;
  }
  const double mean = sum / 2000;
  CHECK(mean == Approx(0.1).margin(0.008));
  CHECK(squares / 2000 - mean * mean == Approx(0.0081818).margin(0.0017));
}

TEST_CASE("quantity: extremes of alpha", "[partition]") {
  const Dataset data = labelled(60000, 10);
  for (const std::int64_t size :
       sizes_of(make<PartitionScheme>("quantity", {{"alpha", 1e6}})->split({&data, {}, 100, 1})))
    CHECK(std::abs(static_cast<double>(size) - 600) <= 6);  // 1 %
  const auto tiny = make<PartitionScheme>("quantity", {{"alpha", 1e-6}});
  auto sizes = sizes_of(tiny->split({&data, {}, 100, 1}));
  std::sort(sizes.begin(), sizes.end());
  CHECK(sizes.front() == 1);  // min_samples
  CHECK(sizes.back() == 60000 - 99);
}

TEST_CASE("lognormal: the logarithms of the sizes have deviation sigma", "[partition]") {
  // 2000 clients, 500 samples each on the mean, sigma = 0.5: the rounding of a size near 500 is a 0.1 %
  // error. The sd of a sample deviation is sigma / sqrt(2 * 2000) = 0.0079; tolerance 4 sd.
  const Dataset data = labelled(1'000'000, 10);
  const auto sizes =
      sizes_of(make<PartitionScheme>("lognormal", {{"sigma", 0.5}})->split({&data, {}, 2000, 1}));
  double sum = 0, squares = 0;
  for (const std::int64_t size : sizes) {
    sum += std::log(static_cast<double>(size));
    squares += std::pow(std::log(static_cast<double>(size)), 2);
  }
  CHECK(std::sqrt(squares / 2000 - std::pow(sum / 2000, 2)) == Approx(0.5).margin(0.032));
  // sigma = 0: equal to a rounding of the cumulative sum.
  const auto equal = make<PartitionScheme>("lognormal", {{"sigma", 0.0}});
  for (const std::int64_t size : sizes_of(equal->split({&data, {}, 1000, 1}))) CHECK(size == 1000);
}

TEST_CASE("powerlaw: sizes by rank", "[partition]") {
  // exponent 1, N = 4: 1, 1/2, 1/3, 1/4 of sum 25/12; 2500 rows: 1200, 600, 400, 300, each exact.
  const Dataset data = labelled(2500, 10);
  auto sizes = sizes_of(make<PartitionScheme>("powerlaw")->split({&data, {}, 4, 1}));
  std::sort(sizes.begin(), sizes.end(), std::greater<>());
  CHECK(sizes == std::vector<std::int64_t>{1200, 600, 400, 300});
  const auto flat = make<PartitionScheme>("powerlaw", {{"exponent", 0.0}});
  CHECK(sizes_of(flat->split({&data, {}, 5, 1})) == std::vector<std::int64_t>(5, 500));
  // Ranks are shuffled: the largest is not the same client for every seed.
  std::vector<std::ptrdiff_t> largest;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto s = sizes_of(make<PartitionScheme>("powerlaw")->split({&data, {}, 4, seed}));
    largest.push_back(std::max_element(s.begin(), s.end()) - s.begin());
  }
  CHECK(std::adjacent_find(largest.begin(), largest.end(), std::not_equal_to<>()) != largest.end());
}

TEST_CASE("noise: an iid split, std i/(N-1)", "[partition]") {
  const Dataset data = labelled(1000, 10);
  const Partition split = make<PartitionScheme>("noise", {{"std", 0.9}})->split({&data, {}, 10, 1});
  const Partition iid = make<PartitionScheme>("iid")->split({&data, {}, 10, 1});
  CHECK(split.indices == iid.indices);
  REQUIRE(split.noise.size() == 10);
  for (std::size_t i = 0; i < 10; ++i)
    CHECK(split.noise[i] == Approx(0.1 * static_cast<double>(i)).margin(1e-7));
  CHECK(make<PartitionScheme>("noise")->split({&data, {}, 1, 1}).noise == std::vector<float>{0});  // no 0/0
}
