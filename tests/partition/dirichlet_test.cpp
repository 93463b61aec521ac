#include <cmath>
#include <numeric>

#include "partition/labelled.h"

using namespace fedsim;
using test::label_counts;
using test::labelled;
using test::make;

TEST_CASE("large alpha is iid: every size within 1 %", "[partition]") {
  // 60,000 rows, 100 clients: 600 each; per class p_k = 1/100 (1 +- 1e-3), so 60 +- 1 of each class.
  const Dataset data = labelled(60000, 10);
  for (const bool balance : {false, true}) {
    const auto scheme = make<PartitionScheme>("dirichlet", {{"alpha", 1e6}, {"balance", balance}});
    for (const std::int64_t size : test::sizes_of(scheme->split({&data, {}, 100, 1})))
      CHECK(std::abs(static_cast<double>(size) - 600) <= 6);
  }
}

TEST_CASE("tiny alpha per class: each class to one client", "[partition]") {
  const Dataset data = labelled(1000, 10);
  const auto scheme = make<PartitionScheme>("dirichlet", {{"alpha", 1e-6}, {"min_samples", std::int64_t{0}}});
  const Partition split = scheme->split({&data, {}, 20, 4});
  for (std::int64_t k = 0; k < 20; ++k)
    for (const std::int64_t count : label_counts(split, data, k)) CHECK((count == 0 || count == 100));
}

TEST_CASE("tiny alpha per client: one class a client while its class lasts", "[partition]") {
  // 1000 rows of 10 classes, 100 a class; 10 clients of 100. A client moves to a second class only when its
  // own is used up, so the first client has exactly one class.
  const Dataset data = labelled(1000, 10);
  const auto scheme = make<PartitionScheme>("dirichlet", {{"alpha", 1e-6}, {"per", std::string("client")}});
  const Partition split = scheme->split({&data, {}, 10, 4});
  const auto first = label_counts(split, data, 0);
  CHECK(*std::max_element(first.begin(), first.end()) == 100);
  for (std::int64_t k = 0; k < 10; ++k) CHECK(split.size(k) == 100);
}

TEST_CASE("per class: a client's share has the Dirichlet's mean and variance", "[partition]") {
  // p_k ~ Beta(a, (N-1) a): mean 1/N, variance (N-1)/N^2/(N a + 1). N = 5, a = 1: 0.2, 4/150 = 0.026667.
  // 400 seeds x 5 classes = 2000 independent shares of client 0: sd of the mean sqrt(0.026667/2000) = 0.0037;
  // of the variance about 0.026667 sqrt((kurt-1)/2000) with kurt of Beta(1, 4) = 4.2 -> 0.0011. Tolerance 4
  // sd.
  const Dataset data = labelled(5000, 5);
  const auto scheme = make<PartitionScheme>("dirichlet", {{"alpha", 1.0}, {"min_samples", std::int64_t{0}}});
  double sum = 0, squares = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed)
    for (const std::int64_t count : label_counts(scheme->split({&data, {}, 5, seed}), data, 0)) {
      const double share = static_cast<double>(count) / 1000;
      sum += share;
      squares += share * share;
    }
  const double mean = sum / 2000;
  CHECK(mean == Approx(0.2).margin(0.015));
  CHECK(squares / 2000 - mean * mean == Approx(4.0 / 150).margin(0.0044));
}

TEST_CASE("per client: the class mix has the Dirichlet's variance, alpha times the prior", "[partition]") {
  // q ~ Dir(2 * (1/2, 1/2)) = Beta(1, 1): uniform on [0, 1], so client 0 has a uniform share of class 0:
  // mean 1/2, variance 1/12 + E[q(1-q)]/size = 1/12 + 1/6/200. 2000 seeds: sd of the mean 0.0065, of the
  // variance (1/12) sqrt((1.8-1)/2000) = 0.0017. Tolerance 4 sd. 20 clients of 200: client 0 never empties a
  // class.
  const Dataset data = labelled(4000, 2);
  const auto scheme = make<PartitionScheme>("dirichlet", {{"alpha", 2.0}, {"per", std::string("client")}});
  double sum = 0, squares = 0;
  constexpr int seeds = 2000;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Partition split = scheme->split({&data, {}, 20, seed});
    const double share = static_cast<double>(label_counts(split, data, 0)[0]) / 200;
    sum += share;
    squares += share * share;
  }
  const double mean = sum / seeds;
  CHECK(mean == Approx(0.5).margin(0.026));
  CHECK(squares / seeds - mean * mean == Approx(1.0 / 12 + 1.0 / 1200).margin(0.0068));
}

TEST_CASE("balance: a client at n/N gets nothing of the classes that follow", "[partition]") {
  // Sizes cannot exceed n/N before the last class a client gets, plus that class: < 1000/10 + 100.
  const Dataset data = labelled(1000, 10);
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const auto scheme = make<PartitionScheme>(
        "dirichlet", {{"alpha", 0.05}, {"balance", true}, {"min_samples", std::int64_t{0}}});
    const Partition split = scheme->split({&data, {}, 10, seed});
    for (std::int64_t k = 0; k < 10; ++k) {
      std::int64_t held = 0;
      for (const std::int64_t count : label_counts(split, data, k)) {
        if (held >= 100) CHECK(count == 0);
        held += count;
      }
    }
  }
}

TEST_CASE("min_samples holds, and its impossible values are refused", "[partition]") {
  const Dataset data = labelled(1000, 10);
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto scheme =
        make<PartitionScheme>("dirichlet", {{"alpha", 0.01}, {"min_samples", std::int64_t{10}}});
    for (const std::int64_t size : test::sizes_of(scheme->split({&data, {}, 50, seed}))) CHECK(size >= 10);
  }
  const auto full = make<PartitionScheme>("dirichlet", {{"min_samples", std::int64_t{20}}});
  CHECK(test::sizes_of(full->split({&data, {}, 50, 1})) == std::vector<std::int64_t>(50, 20));
  const auto beyond = make<PartitionScheme>("dirichlet", {{"min_samples", std::int64_t{21}}});
  CHECK(test::refused_option(*beyond, {&data, {}, 50, 1}) == "min_samples");
}

TEST_CASE("label schemes refuse data without labels", "[partition]") {
  Dataset data;
  CHECK(test::refused_option(*make<PartitionScheme>("dirichlet"), {&data, {}, 5, 1}) == "scheme");
}
