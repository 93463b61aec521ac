#include "report/statistics.h"

#include <cmath>

#include "catch.hpp"

using namespace fedsim;

TEST_CASE("report: quantiles of Student's t", "[report]") {
  // Closed forms: 1 degree is Cauchy, t = tan(pi (p - 1/2)); 2 degrees, t = (2p - 1) sqrt(2 / (4p(1 - p))).
  CHECK(student_t_quantile(0.975, 1) == Approx(std::tan(M_PI * 0.475)).epsilon(1e-10));
  CHECK(student_t_quantile(0.9, 2) == Approx(0.8 * std::sqrt(2 / 0.36)).epsilon(1e-10));
  // The usual printed table (two-sided 95 %).
  CHECK(student_t_quantile(0.975, 2) == Approx(4.30265273).epsilon(1e-8));
  CHECK(student_t_quantile(0.975, 4) == Approx(2.77644511).epsilon(1e-8));
  CHECK(student_t_quantile(0.975, 10) == Approx(2.22813885).epsilon(1e-8));
  CHECK(student_t_quantile(0.975, 30) == Approx(2.04227246).epsilon(1e-8));
  // The normal limit: 1.959964 (1 + (z^2 + 1) / (4 n) + ...) at n = 1e6.
  CHECK(student_t_quantile(0.975, 1e6) == Approx(1.95996398).epsilon(2e-6));
  CHECK(student_t_quantile(0.5, 3) == 0);
  CHECK(student_t_quantile(0.025, 4) == Approx(-2.77644511).epsilon(1e-8));
}

TEST_CASE("report: means, spreads and intervals", "[report]") {
  CHECK(mean({1, 2, 6}) == 3);
  CHECK(standard_deviation({1, 2, 6}) == Approx(std::sqrt(7.0)));  // (4 + 1 + 9) / 2
  CHECK(std::isnan(mean({})));
  CHECK(std::isnan(standard_deviation({1})));
  CHECK(confidence_half_width({1, 2, 6}) == Approx(4.30265273 * std::sqrt(7.0 / 3.0)));
  CHECK(std::isnan(confidence_half_width({1})));
}
