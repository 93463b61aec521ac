// First steps of the server optimisers from w = 0 and Delta = (0.5, -2), by hand from arXiv:2003.00295, Algorithm 2:
// v_0 = tau^2, no bias correction, tau outside the root.
#include <cmath>
#include <vector>

#include "catch.hpp"
#include "server/optimizer.h"

using namespace fedsim;

namespace {

const std::vector<double> delta_values{0.5, -2.0};

std::vector<double> run(const char* name, int steps) {
  Describer defaults;  // leaves every option at its default
  const auto optimizer = Registry<ServerOptimizer>::find(name)->make(defaults);
  State state{.w = Vec(2, Dtype::float64), .vectors = {}};
  const Vec delta = Vec::of(std::span<const double>(delta_values));
  for (int t = 0; t < steps; ++t) optimizer->step(state, delta);
  return {state.w.at(0), state.w.at(1)};
}

}  // namespace

TEST_CASE("sgd takes the mean update, momentum adds up") {
  CHECK(run("sgd", 1) == delta_values);
  // v = Delta, then 1.9 Delta: w = 2.9 Delta.
  const auto w = run("momentum", 2);
  CHECK(w[0] == Approx(2.9 * 0.5).epsilon(1e-14));
  CHECK(w[1] == Approx(2.9 * -2).epsilon(1e-14));
}

TEST_CASE("first steps of adam, yogi and adagrad") {
  for (std::size_t i = 0; i < 2; ++i) {
    const double d = delta_values[i], tau = 1e-3, square = d * d;
    const double adam = 0.01 * 0.1 * d / (std::sqrt(0.99 * tau * tau + 0.01 * square) + tau);
    CHECK(run("adam", 1)[i] == Approx(adam).epsilon(1e-12));
    // tau^2 < Delta^2, so the sign is -1 and v = tau^2 + 0.01 Delta^2.
    const double yogi = 0.01 * 0.1 * d / (std::sqrt(tau * tau + 0.01 * square) + tau);
    CHECK(run("yogi", 1)[i] == Approx(yogi).epsilon(1e-12));
    const double adagrad = 0.1 * d / (std::sqrt(tau * tau + square) + tau);
    CHECK(run("adagrad", 1)[i] == Approx(adagrad).epsilon(1e-12));
  }
}

TEST_CASE("adam's second step keeps its moments") {
  const double d = 0.5, tau = 1e-3, square = d * d;
  const double m1 = 0.1 * d, v1 = 0.99 * tau * tau + 0.01 * square;
  const double m2 = 0.9 * m1 + 0.1 * d, v2 = 0.99 * v1 + 0.01 * square;
  const double expected = 0.01 * (m1 / (std::sqrt(v1) + tau) + m2 / (std::sqrt(v2) + tau));
  CHECK(run("adam", 2)[0] == Approx(expected).epsilon(1e-12));
}
