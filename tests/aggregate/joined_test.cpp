// Which sealed changes are added to each other, and when.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include "aggregate/exact_sum.h"
#include "aggregate/together.h"
#include "catch.hpp"
#include "core/random.h"

using namespace fedsim;

namespace {

/// Writes down how many terms each sum had.
using Sums = std::vector<std::size_t>;

/// [3] equal values, in blocks of 2 and 1; changes of one kind join.
class Constant final : public SealedChange {
 public:
  Constant(double value, Sums& sums, int kind = 0, std::size_t held = 0)
      : value_(static_cast<float>(value)), kind_(kind), held_(held), sums_(sums) {}
  std::size_t size() const override { return 3; }
  Dtype dtype() const override { return Dtype::float32; }
  Magnitude magnitude() const override {
    const double largest = std::abs(static_cast<double>(value_));
    return {.norm = std::sqrt(3.0) * largest, .largest = largest};
  }
  double bound() const override { return magnitude().largest; }
  std::size_t held() const override { return held_; }
  bool joins(const SealedChange& other) const override { return dynamic_cast<const Constant&>(other).kind_ == kind_; }
  std::unique_ptr<const BlockVector> sum(std::span<const WeightedChange> terms) const override {
    sums_.push_back(terms.size());
    float total = 0;
    for (const auto& [change, weight] : terms)
      total += static_cast<float>(weight) * dynamic_cast<const Constant&>(*change).value_;
    return std::make_unique<Blocks>(total);
  }

 private:
  struct Blocks final : BlockVector {
    explicit Blocks(float v) : value(v) {}
    std::size_t size() const override { return 3; }
    Dtype dtype() const override { return Dtype::float32; }
    std::size_t block(std::size_t first) const override { return first == 0 ? 2 : 1; }
    void compute(std::size_t first, void* out) const override { std::fill_n(static_cast<float*>(out), block(first), value); }
    float value;
  };
  float value_;
  int kind_;
  std::size_t held_;
  Sums& sums_;
};

/// Of weights 1, 2, ...: their sum, divided.
Vec mean_of(const std::vector<Constant>& changes, double divisor) {
  std::vector<WeightedChange> terms;
  for (const Constant& change : changes) terms.push_back({&change, std::ssize(terms) + 1});
  ExactSum sum(3, 100);
  sum.add(terms);
  return sum.quotient(divisor, Dtype::float32);
}

Vec constant(double value) {
  Vec x(3, Dtype::float32);
  for (std::size_t i = 0; i < 3; ++i) x.set(i, value);
  return x;
}

}  // namespace

TEST_CASE("changes are added to those of their kind, in their order, as far as they take little memory") {
  Sums sums;
  CHECK(mean_of({{1, sums}, {2, sums, 1}, {4, sums}, {8, sums, 1}, {16, sums}}, 4) == constant((1 + 2 * 2 + 3 * 4 + 4 * 8 + 5 * 16) / 4.0));
  CHECK(sums == Sums{3, 2});

  sums.clear();
  constexpr std::size_t third = (std::size_t{8} << 20) / 3;
  CHECK(mean_of({{1, sums, 0, third}, {1, sums, 0, third}, {1, sums, 0, third + 9}, {1, sums, 0, 4 * third}, {1, sums}}, 1) == constant(15));
  CHECK(sums == Sums{3, 1, 1});

  sums.clear();
  CHECK(mean_of({{0, sums}, {0, sums}}, 1) == constant(0));
}

TEST_CASE("changes whose sum is beyond the dtype are not added to each other") {
  Sums sums;
  const float most = std::numeric_limits<float>::max();
  CHECK(mean_of({{most, sums}, {most, sums}, {-most, sums}, {most, sums}}, 4) == constant(most));  // (1 + 2 - 3 + 4) / 4
  CHECK(std::ranges::all_of(sums, [](std::size_t terms) { return terms == 1; }));
}

TEST_CASE("clients that follow each other give their changes when the last of them has ended, in whatever order they end") {
  constexpr std::size_t clients = 21;  // of 60 samples: 0 to 3, 4 to 7, ... 20
  const std::vector<std::int64_t> samples(clients, 60);
  Sums sums;
  std::vector<std::size_t> order(clients);
  std::iota(order.begin(), order.end(), 0);
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Random(seed, Purpose::cohort).shuffle(std::span(order));
    Together together(samples, 12);
    std::size_t left = clients;
    std::vector<int> has_ended(clients);
    for (const std::size_t i : order) {
      has_ended[i] = 1;
      const std::size_t first = i / 4 * 4, end = std::min(first + 4, clients);
      const bool last = std::ranges::count(std::span(has_ended).subspan(first, end - first), 0) == 0;
      auto change = i % 5 == 3 ? nullptr : std::make_unique<Constant>(1, sums);
      auto group = together.put(i, {std::move(change), static_cast<std::int64_t>(i)});
      CHECK(together.late().empty() == (--left > 0));
      for (const EndedClient& one : together.late()) group.push_back({nullptr, one.weight});
      std::vector<std::int64_t> weights, expected;
      for (const EndedClient& one : group) weights.push_back(one.weight);
      for (std::size_t k = first; last && k < end; ++k)
        if (k % 5 != 3) expected.push_back(static_cast<std::int64_t>(k));
      CHECK(weights == expected);
    }
  }
}

TEST_CASE("clients that end on several threads give each change once, those of a group together") {
  constexpr std::size_t clients = 400, threads = 4;
  const std::vector<std::int64_t> samples(clients, 60);
  Sums sums;
  std::vector<std::size_t> order(clients);
  std::iota(order.begin(), order.end(), 0);
  Random(1, Purpose::cohort).shuffle(std::span(order));
  Together together(samples, 12);
  std::vector<std::vector<Together::Group>> given(threads);
  std::vector<std::thread> pool;
  for (std::size_t t = 0; t < threads; ++t)
    pool.emplace_back([&, t] {
      for (std::size_t k = t; k < clients; k += threads)
        if (auto group = together.put(order[k], {std::make_unique<Constant>(1, sums), static_cast<std::int64_t>(order[k])}); !group.empty())
          given[t].push_back(std::move(group));
    });
  for (std::thread& thread : pool) thread.join();
  std::vector<int> times(clients);
  std::size_t groups = 0;
  const auto check = [&](const Together::Group& group) {
    ++groups;
    REQUIRE(group.size() == 4);
    for (std::size_t k = 0; k < 4; ++k) {
      CHECK(group[k].weight == group[0].weight / 4 * 4 + static_cast<std::int64_t>(k));
      ++times.at(static_cast<std::size_t>(group[k].weight));
    }
  };
  for (const auto& of_thread : given) std::ranges::for_each(of_thread, check);
  check(together.late());
  CHECK(groups == clients / 4);
  CHECK(std::ranges::all_of(times, [](int count) { return count == 1; }));
}

TEST_CASE("the sum of changes is the same where threads share it") {
  Sums sums;
  const std::vector<Constant> changes{{1, sums}, {2, sums}};
  const std::vector<WeightedChange> terms{{&changes[0], 1}, {&changes[1], 3}};
  for (std::size_t cut = 0; cut <= 3; ++cut) {
    ExactSum sum(3, 2);
    const InRanges in_two = [&](std::size_t size, const RangeWork& work) {
      std::thread other(work, cut, size);
      work(0, cut);
      other.join();
    };
    sum.add(terms, in_two);
    CHECK(sum.quotient(4, Dtype::float32, in_two) == constant(7.0 / 4));
  }
}

TEST_CASE("changes may be added to sums that were merged, larger and smaller ones") {
  Sums sums;
  const std::vector<Constant> changes{{1, sums}, {4096, sums}, {1 / 4096.0, sums}};
  ExactSum total(3, 3);
  for (const std::size_t k : {0u, 1u, 2u}) {
    ExactSum one(3, 3);
    const WeightedChange term{&changes[k], 1};
    (k == 0 ? one : total).add({&term, 1});
    if (k == 0) total.merge(one);
  }
  CHECK(total.quotient(1, Dtype::float32) == constant(4097 + 1 / 4096.0));
}

TEST_CASE("clients wait for each other until they have 240 samples, are 24, or too large a model") {
  Sums sums;
  const auto groups_of = [&](const std::vector<std::int64_t>& samples, std::size_t bytes) {
    Together together(samples, bytes);
    std::vector<std::size_t> sizes;
    std::size_t waiting = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      ++waiting;
      std::size_t given = together.put(i, {std::make_unique<Constant>(1, sums), 1}).size();
      if (i + 1 == samples.size()) given = together.late().size();
      if (given == 0) continue;
      CHECK(given == std::exchange(waiting, 0));
      sizes.push_back(given);
    }
    CHECK(waiting == 0);
    return sizes;
  };
  using Sizes = std::vector<std::size_t>;
  constexpr std::size_t megabyte = 1 << 20;
  CHECK(groups_of({500, 239, 1, 100, 100, 100, 100, 0, 0}, 0) == Sizes{1, 2, 3, 3});
  CHECK(groups_of(std::vector<std::int64_t>(50, 1), 0) == Sizes{24, 24, 2});
  CHECK(groups_of(std::vector<std::int64_t>(5, 1), 16 * megabyte) == Sizes{2, 2, 1});
  CHECK(groups_of({1, 1}, 500 * megabyte) == Sizes{1, 1});
  CHECK(groups_of({}, 0).empty());
}
