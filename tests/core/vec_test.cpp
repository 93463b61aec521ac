#include "core/vec.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "core/random.h"

using namespace fedsim;

namespace {
Vec vec(std::vector<double> values) { return Vec::of(std::span<const double>(values)); }
}  // namespace

TEST_CASE("arithmetic reads like the paper") {
  const Vec a = vec({1, 2, 3}), b = vec({10, 20, 30});
  CHECK(a + b == vec({11, 22, 33}));
  CHECK(b - a == vec({9, 18, 27}));
  CHECK(2.0 * a == vec({2, 4, 6}));
  CHECK(a / 2.0 == vec({0.5, 1, 1.5}));
  CHECK(-a == vec({-1, -2, -3}));
  Vec c = a;
  c.add_scaled(0.5, b);
  CHECK(c == vec({6, 12, 18}));
  CHECK(a == vec({1, 2, 3}));
}

TEST_CASE("add_scaled is one fused rounding in float32") {
  // (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24: fused with -(1 + 2^-11) it leaves 2^-24, rounded twice it leaves 0.
  const float x = 1.0f + 0x1p-12f;
  const std::vector<float> start(33, -(1.0f + 0x1p-11f)), factor(33, x);
  Vec a = Vec::of(std::span<const float>(start));
  a.add_scaled(x, Vec::of(std::span<const float>(factor)));
  for (const float value : a.as<float>()) CHECK(value == 0x1p-24f);
}

TEST_CASE("norm, dot and max_abs") {
  CHECK(norm(vec({3, -4, 0, 12})) == 13);
  CHECK(dot(vec({1, 2, 3}), vec({4, 5, 6})) == 32);
  std::vector<double> many(100, 1.0);
  many[77] = -5;
  CHECK(max_abs(vec(many)) == 5);
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()})
    for (const std::size_t place : {0u, 50u, 99u}) {
      many[place] = bad;
      CHECK(std::isinf(max_abs(vec(many))));
      many[place] = 1;
    }
  CHECK(max_abs(Vec()) == 0);
}

TEST_CASE("the norm of float32 keeps its digits whatever the size of the values, the largest is bounded") {
  Random random(5, Purpose::data);
  for (const double scale : {1e-44, 1e-30, 1e-13, 1e-11, 1.0, 1e17, 1e19, 1e37})
    for (const std::size_t n : {1u, 31u, 32u, 127u, 128u, 161u, 1000u}) {
      CAPTURE(scale, n);
      std::vector<float> x;
      for (std::size_t i = 0; i < n; ++i) x.push_back(static_cast<float>(scale * random.normal()));
      double squares = 0, largest = 0;
      for (const float v : x) {
        squares += static_cast<double>(v) * static_cast<double>(v);
        largest = std::max(largest, std::abs(static_cast<double>(v)));
      }
      const Magnitude size = measure(x.data(), n);
      CHECK(size.norm == Approx(std::sqrt(squares)).epsilon(1.2e-7));
      CHECK(size.largest >= largest);
      CHECK(size.largest <= 2.83 * largest);
      CHECK(max_abs(Vec::of(std::span<const float>(x))) == largest);
      for (const float bad : {std::numeric_limits<float>::infinity(), std::nanf("")}) {
        const std::size_t at = random.below(n);
        const float was = std::exchange(x[at], -bad);
        CHECK(std::isinf(measure(x.data(), n).largest));
        x[at] = was;
      }
    }
  CHECK(measure(std::vector<float>(200).data(), 200).norm == 0);
  // Squares of 1 and seven of 2^-24, half a rounding step of 1: added to it one by one all seven would be lost, 2.1e-7 of the
  // norm.
  std::vector<float> x(128, 0x1p-12f);
  std::fill_n(x.begin(), 16, 1.0f);
  CHECK(measure(x.data(), x.size()).norm == Approx(std::sqrt(16 + 112 * 0x1p-24)).epsilon(1.2e-7));
}

TEST_CASE("a difference in place keeps the memory") {
  Vec a = vec({5, 7});
  const void* memory = a.data();
  const Vec difference = std::move(a) - vec({1, 2});
  CHECK(difference == vec({4, 5}));
  CHECK(difference.data() == memory);
}

TEST_CASE("operands must agree") {
  Vec a(3, Dtype::float64);
  CHECK_THROWS_AS(a += Vec(4, Dtype::float64), std::logic_error);
  CHECK_THROWS_AS(a += Vec(3, Dtype::float32), std::logic_error);
  CHECK_THROWS_AS(a.as<float>(), std::logic_error);
}
