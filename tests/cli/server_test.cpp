// Server optimisers' first steps. With H = I, c_k = u_k, w0 = 0 and one local step of rate 1, client k ends at u_k
// whatever it started from, so the mean update is  Delta = u - w  with u = mean u_k. Formulas: arXiv:2003.00295.
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "catch.hpp"
#include "cli/quadratic.h"

namespace fedsim::test {
namespace {

constexpr double exact = 1e-9;
// Means of the clients' centres below: ordinary, negative and tiny (below tau), and zero.
constexpr std::array<double, 4> u{2, -.5, 2e-4, 0};

QuadraticRun four_numbers() {
  QuadraticFile data{.dimension = 4, .hessian = {}, .center = {3, -1, 3e-4, 1, 1, 0, 1e-4, -1}};
  for (int client = 0; client < 2; ++client)
    for (int row = 0; row < 4; ++row)
      for (int column = 0; column < 4; ++column) data.hessian.push_back(row == column ? 1 : 0);
  return QuadraticRun(data);
}

double sign(double x) { return (x > 0) - (x < 0); }

/// Runs 1 and 2 rounds and compares with two steps of `step(w, delta, m, v)`, which returns the new w.
template <class Step>
void check_two_rounds(const std::string& options, double m0, double v0, Step step) {
  const QuadraticRun experiment = four_numbers();
  const std::string tables = fmt::format("[client]\nlr = 1.0\nsteps = 1\n[server]\n{}", options);
  std::array<double, 4> w{}, m{}, v{};
  m.fill(m0);
  v.fill(v0);
  for (int round = 1; round <= 2; ++round) {
    const auto found = experiment.model(fmt::format("rounds = {}", round), tables);
    REQUIRE(found.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
      w[i] = step(w[i], u[i] - w[i], m[i], v[i]);
      INFO(options << "round " << round << ", coordinate " << i);
      CHECK(found[i] == Approx(w[i]).margin(exact));
    }
  }
}

TEST_CASE("server sgd: w + lr Delta", "[cli][server]") {
  check_two_rounds("optimizer = \"sgd\"\nlr = 0.25\n", 0, 0,
                   [](double w, double delta, double&, double&) { return w + .25 * delta; });
}

TEST_CASE("server momentum: v = beta v + Delta", "[cli][server]") {
  check_two_rounds("optimizer = \"momentum\"\nlr = 0.5\nmomentum = 0.9\n", 0, 0,
                   [](double w, double delta, double& m, double&) { return w + .5 * (m = .9 * m + delta); });
}

TEST_CASE("server momentum, Nesterov's: a step of Delta + beta v", "[cli][server]") {
  check_two_rounds("optimizer = \"momentum\"\nlr = 0.5\nmomentum = 0.9\nnesterov = true\n", 0, 0,
                   [](double w, double delta, double& m, double&) {
                     m = .9 * m + delta;
                     return w + .5 * (delta + .9 * m);
                   });
}

TEST_CASE("server adam: no bias correction, tau outside the root, v0 = tau^2", "[cli][server]") {
  check_two_rounds("optimizer = \"adam\"\nlr = 0.1\nbeta1 = 0.9\nbeta2 = 0.99\ntau = 0.001\n", 0, 1e-6,
                   [](double w, double delta, double& m, double& v) {
                     m = .9 * m + .1 * delta;
                     v = .99 * v + .01 * delta * delta;
                     return w + .1 * m / (std::sqrt(v) + .001);
                   });
}

TEST_CASE("server yogi: v moves by the sign of v - Delta^2", "[cli][server]") {
  check_two_rounds("optimizer = \"yogi\"\nlr = 0.1\nbeta1 = 0.9\nbeta2 = 0.99\ntau = 0.001\n", 0, 1e-6,
                   [](double w, double delta, double& m, double& v) {
                     m = .9 * m + .1 * delta;
                     v -= .01 * delta * delta * sign(v - delta * delta);
                     return w + .1 * m / (std::sqrt(v) + .001);
                   });
}

TEST_CASE("server adagrad: v sums squares, no momentum by default", "[cli][server]") {
  check_two_rounds("optimizer = \"adagrad\"\nlr = 0.1\ntau = 0.001\n", 0, 1e-6,
                   [](double w, double delta, double&, double& v) {
                     v += delta * delta;
                     return w + .1 * delta / (std::sqrt(v) + .001);
                   });
}

TEST_CASE("server defaults: lr .01 for adam and yogi, .1 for adagrad, 1 for sgd and momentum", "[cli][server]") {
  const QuadraticRun experiment = four_numbers();
  const std::string client = "[client]\nlr = 1.0\nsteps = 1\n[server]\n";
  for (const auto& [name, lr] : {std::pair{"adam", "0.01"}, {"yogi", "0.01"}, {"adagrad", "0.1"}, {"sgd", "1.0"},
                                 {"momentum", "1.0"}}) {
    INFO(name);
    CHECK(experiment.model("rounds = 2", fmt::format("{}optimizer = \"{}\"\n", client, name)) ==
          experiment.model("rounds = 2", fmt::format("{}optimizer = \"{}\"\nlr = {}\n", client, name, lr)));
  }
}

}  // namespace
}  // namespace fedsim::test
