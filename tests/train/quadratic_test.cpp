#include "train/quadratic.h"

#include "catch.hpp"
#include "train/local_sgd.h"
#include "toy_data.h"

using namespace fedsim;
using namespace fedsim::test;

namespace {

/// Two clients in two dimensions: H_0 = [[2, 1], [1, 3]], c_0 = (1, -1), n_0 = 3; H_1 = I, c_1 = (0, 2), n_1 = 1.
Dataset two_clients() {
  auto q = std::make_shared<Quadratics>();
  q->clients = 2;
  q->dimension = 2;
  q->hessian = {2, 1, 1, 3, 1, 0, 0, 1};
  q->center = {1, -1, 0, 2};
  q->samples = {3, 1};
  q->start = {0.5, 0.25};
  Dataset data;
  data.quadratic = q;
  return data;
}

Vec vec(std::vector<double> values) {
  Vec v(values.size(), Dtype::float64);
  for (std::size_t i = 0; i < values.size(); ++i) v.set(i, values[i]);
  return v;
}

}  // namespace

TEST_CASE("quadratic: the gradient, loss and test loss are the closed forms") {
  const Dataset data = two_clients();
  const auto engine = make_quadratic_engine(data, Dtype::float64);
  CHECK(engine->initial(9) == vec({0.5, 0.25}));
  CHECK_FALSE(engine->accuracy_defined());
  CHECK(engine->test_rows(data) == 2);
  Worker worker(engine->learner(), data, Dtype::float64);
  const Vec zero = vec({0, 0});
  const GradientResult g = worker.gradient({.client = 0, .rows = Rows(0, 3)}, toy_round({}), zero);
  CHECK(g.gradient == vec({-1, 2}));  // H_0 (0 - c_0) = (-2 + 1, -1 + 3)
  CHECK(g.loss == 1.5);               // (2 - 2 + 3) / 2
  CHECK(g.samples == 3);
  const Evaluation sums = worker.test(0, 2, zero);
  CHECK(sums.loss == 3 * 1.5 + 1 * 2.0);
  CHECK(sums.count == 4);
}

TEST_CASE("quadratic: a step with H = I and lr = 1 lands on the centre") {
  const Dataset data = two_clients();
  const auto dtype = GENERATE(Dtype::float32, Dtype::float64);
  const auto engine = make_quadratic_engine(data, dtype);
  Worker worker(engine->learner(), data, dtype);
  ClientOptions local;
  local.lr = 1;
  local.steps = 1;
  const Vec zero(2, dtype);
  const LocalResult after = worker.sgd({.client = 1, .rows = Rows(3, 1)}, toy_round(local), LocalJob{.start = zero});
  CHECK(after.w.at(0) == 0);
  CHECK(after.w.at(1) == 2);
  CHECK(after.steps == 1);
  CHECK(after.processed == 1);
  CHECK(after.loss == 2);
}

TEST_CASE("quadratic: steps, prox, linear, momentum, weight decay and clip") {
  // With H = I, c = (0, 2):  g = clip(w - c) + wd w + mu (w - a) + l;  v = m v + g;  w -= lr v.
  const Dataset data = two_clients();
  const auto engine = make_quadratic_engine(data, Dtype::float64);
  Worker worker(engine->learner(), data, Dtype::float64);
  ClientOptions local;
  local.lr = 0.1;
  local.momentum = 0.5;
  local.weight_decay = 0.25;
  local.clip = 1;
  const Vec start = vec({0, 0}), anchor = vec({1, 1});
  const LocalJob job{.start = start, .prox = 2, .anchor = &anchor, .linear = vec({0.5, 0}), .steps = 2};
  const LocalResult after = worker.sgd({.client = 1, .rows = Rows(3, 1)}, toy_round(local), job);
  // Step 1: w - c = (0, -2) -> (0, -1); prox (-2, -2); v = (-1.5, -3); w = (0.15, 0.3).
  // Step 2: w - c = (0.15, -1.7), its norm sqrt(2.9125); wd (0.0375, 0.075); prox (-1.7, -1.4).
  const double length = std::sqrt(2.9125);
  const double v0 = 0.5 * -1.5 + 0.15 / length + 0.0375 - 1.7 + 0.5;
  const double v1 = 0.5 * -3 - 1.7 / length + 0.075 - 1.4;
  CHECK(after.w.at(0) == Approx(0.15 - 0.1 * v0).epsilon(1e-14));
  CHECK(after.w.at(1) == Approx(0.3 - 0.1 * v1).epsilon(1e-14));
}

TEST_CASE("quadratic: a client's own number of steps stands over [client], a job's over both") {
  const Dataset data = two_clients();
  const auto engine = make_quadratic_engine(data, Dtype::float64);
  Worker worker(engine->learner(), data, Dtype::float64);
  ClientOptions local;
  local.lr = 0.5;
  local.steps = 4;
  const Round round = toy_round(local);
  const Vec start = vec({0, 0});
  const ClientData own{.client = 1, .rows = Rows(3, 1), .steps = 3}, general{.client = 1, .rows = Rows(3, 1)};
  // H = I: w_s = (1 - 0.5^s) c.
  CHECK(worker.sgd(own, round, LocalJob{.start = start}).w.at(1) == 2 * (1 - 0.125));
  CHECK(worker.sgd(general, round, LocalJob{.start = start}).w.at(1) == 2 * (1 - 0.0625));
  CHECK(worker.sgd(own, round, LocalJob{.start = start, .steps = 1}).w.at(1) == 1);
  CHECK(worker.sgd(own, round, LocalJob{.start = start, .epochs = 2}).w.at(1) == 1.5);
}
