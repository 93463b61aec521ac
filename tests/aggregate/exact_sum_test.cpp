#include "aggregate/exact_sum.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "aggregate/add.h"
#include "catch.hpp"
#include "core/random.h"

using namespace fedsim;
using fedsim::testing::add;

namespace {

Vec vec(const std::vector<double>& values) { return Vec::of(std::span<const double>(values)); }

/// Vectors whose magnitudes span twelve decades.
std::vector<Vec> terms(int count, std::size_t size, Dtype dtype) {
  std::vector<Vec> result;
  Random random(11, Purpose::data);
  for (int k = 0; k < count; ++k) {
    Vec x(size, dtype);
    const double magnitude = std::pow(10.0, random.uniform(-6, 6));
    for (std::size_t i = 0; i < size; ++i) x.set(i, magnitude * random.normal());
    result.push_back(std::move(x));
  }
  return result;
}

/// `loose`: how many times the largest value the bound is that comes with a term.
Vec sum_in_order(const std::vector<Vec>& x, const std::vector<int>& order, std::size_t shards, double loose = 1) {
  std::vector<ExactSum> sums;
  for (std::size_t s = 0; s < shards; ++s) sums.emplace_back(x[0].size(), static_cast<std::int64_t>(x.size()));
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto k = static_cast<std::size_t>(order[i]);
    REQUIRE(sums[i % shards].add(Vec(x[k]), loose * max_abs(x[k]), static_cast<std::int64_t>(k) + 1));
  }
  for (std::size_t s = 1; s < shards; ++s) {
    if (s % 2 == 1) sums[s].add_waiting();  // as one that is settled before
    sums[0].merge(sums[s]);
  }
  return sums[0].quotient(3.0, x[0].dtype(), [&](std::size_t size, const RangeWork& work) {
    for (std::size_t s = shards; s-- > 0;) work(size * s / shards, size * (s + 1) / shards);
  });
}

}  // namespace

TEST_CASE("a sum has the same bits for any order and any number of shards") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const auto x = terms(57, 33, dtype);
    std::vector<int> order(x.size());
    std::iota(order.begin(), order.end(), 0);
    const Vec expected = sum_in_order(x, order, 1);
    Random random(1, Purpose::cohort);
    for (std::size_t shards : {1u, 2u, 3u, 8u}) {
      random.shuffle(std::span(order));
      CHECK(sum_in_order(x, order, shards) == expected);
    }
  }
}

TEST_CASE("terms that wait for others, or are too large to, are summed to the same bits") {
  constexpr std::size_t period = 33;
  // Beyond a second-level cache of 512 KB, of 1 MB, and four of them beyond what may wait.
  const std::size_t size = GENERATE(150'018, 300'003, 600'006);
  const auto x = terms(9, period, Dtype::float32);
  std::vector<Vec> wide;
  for (const Vec& term : x) {
    wide.push_back(Vec::uninitialized(size, Dtype::float32));
    for (std::size_t i = 0; i < size; ++i) wide.back().as<float>()[i] = term.as<float>()[i % period];
  }
  const std::vector<int> order{4, 1, 8, 0, 6, 2, 7, 5, 3};
  const Vec sum = sum_in_order(wide, order, 2), expected = sum_in_order(x, order, 1);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < size; ++i) wrong += sum.as<float>()[i] != expected.as<float>()[i % period];
  CHECK(wrong == 0);
}

TEST_CASE("the error of a sum is within the stated resolution") {
  // Each term is rounded to 16^c 2^-51 with 16^c <= 16 n m, m the bound of |x| that comes with it, so the error is at most
  // sum_k 2^-52 * 16 n_k m_k, plus the roundings of the end (2^-52 of the sum).
  const double loose = GENERATE(1.0, 2.83);
  const auto x = terms(57, 33, Dtype::float64);
  std::vector<int> order(x.size());
  std::iota(order.begin(), order.end(), 0);
  const Vec sum = sum_in_order(x, order, 1, loose);
  for (std::size_t i = 0; i < 33; ++i) {
    long double exact = 0, bound = 0;
    for (std::size_t k = 0; k < x.size(); ++k) {
      exact += static_cast<long double>(k + 1) * static_cast<long double>(x[k].at(i));
      bound += 0x1p-48L * static_cast<long double>(k + 1) * static_cast<long double>(loose * max_abs(x[k]));
    }
    CHECK(std::abs(static_cast<double>(exact / 3 - static_cast<long double>(sum.at(i)))) <=
          static_cast<double>(bound / 3 + 0x1p-50L * std::abs(exact)));
  }
}

TEST_CASE("one term comes back unchanged when it has few bits, at any magnitude") {
  for (const double magnitude : {0x1p-700, 0x1p-100, 1.0, 0x1p100, 0x1p1000}) {
    ExactSum sum(3, 1);
    const Vec x = vec({magnitude, -magnitude / 4, magnitude / 2});
    REQUIRE(sum.add(Vec(x), max_abs(x), 1));
    CHECK(sum.quotient(1.0, Dtype::float64) == x);
  }
}

TEST_CASE("what cannot be represented is refused and leaves the sum as it was") {
  const auto rule = [] {
    Describer visitor;
    return Registry<AggregateRule>::find("mean")->make(visitor);
  }();
  const auto sum = rule->open(4);
  const auto update = [](double value) { return Update{.delta = vec({value, 1.0})}; };
  CHECK(add(*sum, update(2.0), 1));
  CHECK_FALSE(add(*sum, update(std::nan("")), 1));
  CHECK_FALSE(add(*sum, update(std::numeric_limits<double>::infinity()), 1));
  CHECK_FALSE(add(*sum, update(1e308), 1000));
  CHECK(add(*sum, update(6.0), 3));
  const Aggregate mean = sum->close();
  CHECK(mean.reported == 2);
  CHECK(mean.delta == vec({(2.0 + 3 * 6.0) / 4, 1.0}));
}

TEST_CASE("a round without reports, and weights of zero, divide by nothing") {
  Describer visitor;
  const auto rule = Registry<AggregateRule>::find("mean")->make(visitor);
  CHECK(rule->open(3)->close().reported == 0);
  const auto sum = rule->open(3);
  CHECK(add(*sum, Update{.delta = vec({5.0})}, 0));
  CHECK(sum->close().delta == vec({0.0}));
}
