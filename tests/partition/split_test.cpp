#include "partition/split.h"

#include <cmath>
#include <limits>
#include <numeric>

#include "partition/labelled.h"

using namespace fedsim;
using Sizes = std::vector<std::int64_t>;

TEST_CASE("equal sizes: the first remainder parts have one more", "[partition]") {
  CHECK(equal_sizes(10, 4) == Sizes{3, 3, 2, 2});
  CHECK(equal_sizes(3, 4) == Sizes{1, 1, 1, 0});
  CHECK(equal_sizes(8, 4) == Sizes{2, 2, 2, 2});
}

TEST_CASE("apportion is within 1 of the share and sums up, whatever the scale of the weights",
          "[partition]") {
  // Weights 1, 2, 5 of 80: exact. Shifting all logarithms by -1e7 (exp underflows) changes nothing.
  const std::vector<double> weights{std::log(1.0), std::log(2.0), std::log(5.0)};
  CHECK(apportion(weights, 80) == Sizes{10, 20, 50});
  std::vector<double> tiny = weights;
  for (double& w : tiny) w -= 1e7;
  CHECK(apportion(tiny, 80) == Sizes{10, 20, 50});
  const double none = -std::numeric_limits<double>::infinity();
  CHECK(apportion(std::vector<double>{none, 0.0, none}, 7) == Sizes{0, 7, 0});

  Random random(5, Purpose::partition);
  for (int repeat = 0; repeat < 200; ++repeat) {
    std::vector<double> logs(1 + random.below(50));
    for (double& w : logs) w = random.log_gamma_variate(0.3);
    double total = 0;
    for (const double w : logs) total += std::exp(w);
    const auto n = static_cast<std::int64_t>(random.below(1000));
    const Sizes sizes = apportion(logs, n);
    CHECK(std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}) == n);
    for (std::size_t i = 0; i < sizes.size(); ++i)
      CHECK(std::abs(static_cast<double>(sizes[i]) - std::exp(logs[i]) / total * static_cast<double>(n)) <=
            1.0 + 1e-6);
  }
}

TEST_CASE("raising to a minimum equals taking from the largest one by one", "[partition]") {
  CHECK(raised_to({5, 6, 7}, 5) == Sizes{5, 6, 7});
  CHECK(raised_to({0, 10, 10, 2}, 3) == Sizes{3, 8, 8, 3});  // 4 missing: two from each ten
  CHECK(raised_to({0, 10, 10, 3}, 3) == Sizes{3, 8, 9, 3});  // 3 missing: the lower number gives first
  CHECK(raised_to({0, 0, 12}, 4) == Sizes{4, 4, 4});         // nothing to spare

  Random random(6, Purpose::partition);
  for (int repeat = 0; repeat < 500; ++repeat) {
    Sizes sizes(1 + random.below(12));
    for (auto& size : sizes) size = static_cast<std::int64_t>(random.below(20));
    const auto sum = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
    const auto minimum =
        static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(sum) / sizes.size() + 1));
    Sizes slow = sizes;  // the definition, word for word
    for (auto& size : slow)
      for (; size < minimum; ++size) --*std::max_element(slow.begin(), slow.end());
    CHECK(raised_to(sizes, minimum) == slow);
  }
}

TEST_CASE("repair moves rows, never loses or doubles one", "[partition]") {
  Partition skewed;
  skewed.offsets = {0, 0, 50, 50, 53};
  skewed.indices.resize(53);
  std::iota(skewed.indices.begin(), skewed.indices.end(), 100u);
  Random random(1, Purpose::partition);
  const Partition repaired_one = repaired(skewed, 5, random);
  CHECK(test::sizes_of(repaired_one) == Sizes{5, 38, 5, 5});
  CHECK(test::used_rows(repaired_one) == test::used_rows(skewed));
}
