// Hidden layers held by inputs against steps that keep the weights as they are, which are what a run of unknown shape takes.
#include "train/compiled/input_major.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "catch.hpp"
#include "models.h"
#include "train/compiled/kernels.h"

using namespace fedsim;
using namespace fedsim::compiled;
using namespace fedsim::test;

namespace {

template <class T>
std::vector<T> values(Random& random, Index n) {
  std::vector<T> v(static_cast<std::size_t>(n));
  for (T& value : v) value = static_cast<T>(random.uniform(-1, 1));
  return v;
}

/// Some inputs are 0, of either sign.
template <class T>
std::vector<T> activations(Random& random, Index n) {
  auto v = values<T>(random, n);
  for (T& value : v) value = random.uniform() < 0.4 ? std::copysign(T(0), value) : std::abs(value);
  return v;
}

template <class T>
void check_steps(const Kernels<T>& kernels) {
  Random random(6, Purpose::data);
  const double rounding = std::is_same_v<T, float> ? 1.2e-7 : 2.3e-16;
  for (int trial = 0; trial < 200; ++trial) {
    const Index rows = 1 + static_cast<Index>(random.below(most_step_rows)), in = 1 + static_cast<Index>(random.below(40));
    const Index out = 1 + static_cast<Index>(random.below(trial % 4 == 0 ? 500 : 60)), w_row = out + 3, c_row = out + 5;
    const auto x = activations<T>(random, rows * in);
    const auto d = values<T>(random, rows * out), w = values<T>(random, in * w_row), start = values<T>(random, in * w_row);
    const T untouched = 77;
    std::vector<T> dx(x.size(), untouched), c(static_cast<std::size_t>(in * c_row), untouched), places(static_cast<std::size_t>(2 * in));
    const bool difference = trial % 2 == 0;
    const T pull = trial % 3 == 0 ? T(0.25) : T(0);
    InputMajorStep<T> step{.rows = rows, .in = in, .out = out, .x = x.data(), .d = d.data(), .w = w.data(), .w_row = w_row,
                           .start = start.data(), .pull = pull, .difference = difference, .dx = dx.data(), .c = c.data(),
                           .c_row = c_row, .places = places.data()};
    kernels.input_major_step(step);
    const auto at = [](const std::vector<T>& v, Index i) { return static_cast<double>(v[static_cast<std::size_t>(i)]); };
    double worst = 0;
    for (Index i = 0; i < in; ++i) {
      for (Index s = 0; s < rows; ++s) {
        double expected = 0;
        for (Index j = 0; j < out; ++j) expected += at(d, s * out + j) * at(w, i * w_row + j);
        if (at(x, s * in + i) == 0) expected = static_cast<double>(untouched);
        worst = std::max(worst, std::abs(at(dx, s * in + i) - expected) / static_cast<double>(out));
      }
      for (Index j = 0; j < c_row; ++j) {
        double expected = static_cast<double>(untouched);
        if (j < out) {
          const double w_ij = at(w, i * w_row + j), start_ij = at(start, i * w_row + j);
          expected = w_ij - static_cast<double>(pull) * (w_ij - start_ij) - (difference ? start_ij : 0);
          for (Index s = 0; s < rows; ++s) expected += at(x, s * in + i) * at(d, s * out + j);
        }
        worst = std::max(worst, std::abs(at(c, i * c_row + j) - expected) / static_cast<double>(rows + 4));
      }
    }
    CAPTURE(kernels.instruction_set, rows, in, out);
    REQUIRE(worst < 4 * rounding);

    auto in_place = w;  // the same bits where the result takes the place of the weights
    std::vector<T> same_dx(x.size(), untouched);
    step.dx = same_dx.data();
    step.c = in_place.data();
    step.c_row = w_row;
    kernels.input_major_step(step);
    REQUIRE(same_dx == dx);
    for (Index i = 0; i < in; ++i)
      REQUIRE(std::equal(c.begin() + i * c_row, c.begin() + i * c_row + out, in_place.begin() + i * w_row));
  }
}

/// Batches of one client, and its learner.
template <class T>
struct Client {
  Dataset data = shaped({20}, 5);
  Network network;
  std::unique_ptr<Learner> learner;
  Vec start;
  std::vector<RandomBatch<T>> batches;

  Client(const std::vector<std::string>& layers, Index batch) : network(build_network(layers, data)) {
    const Dtype dtype = std::is_same_v<T, float> ? Dtype::float32 : Dtype::float64;
    learner = compiled_engine(network, data, dtype)->learner();
    start = random_parameters(network, 4, dtype);
    for (std::uint64_t k = 0; k < 7; ++k) batches.emplace_back(data, k == 6 ? 1 : batch, k);
  }

  RunShape known(std::uint64_t name = 0) const {
    const Index batch = batches.front().batch.count;
    return {.samples = 0, .visits = 6 * batch + 1, .batch = batch, .start = name};
  }

  /// Where a run is half over and at its end; the last is the change.
  std::vector<Vec> run(const StepRule& rule, const RunShape& shape) {
    std::vector<Vec> result;
    REQUIRE_FALSE(learner->begin(start, rule, shape));
    for (int k = 0; k < 3; ++k) learner->step(batches[static_cast<std::size_t>(k)].batch);
    result.push_back(learner->parameters());
    for (int k = 3; k < 6; ++k) learner->step(batches[static_cast<std::size_t>(k)].batch);
    result.push_back(learner->take());
    learner->begin(start, rule, shape);
    for (int k = 0; k < 6; ++k) learner->step(batches[static_cast<std::size_t>(k)].batch);
    learner->last_step(batches[6].batch, Answer::change);
    result.push_back(learner->take_difference(start));
    return result;
  }
};

const std::vector<std::string> two_hidden{"linear 40", "relu", "linear 230", "relu", "linear 33", "tanh", "linear 5"};
const std::vector<std::string> without_bias{"linear 50", "relu", "linear 34 nobias", "relu", "linear 5"};

/// Where it pays; elsewhere runs are the same, bit for bit.
template <class T>
bool holds() {
  return best_kernels<T>().input_major_step != nullptr;
}

template <class T>
void check_runs(double rounding) {
  for (const auto& layers : {two_hidden, without_bias})
    for (const Index batch : {5, 32, 70}) {
      Client<T> client(layers, batch);
      for (const StepRule& rule : {StepRule{.lr = 0.1}, StepRule{.lr = 0.1, .prox = 2, .anchor = &client.start}}) {
        const auto expected = client.run(rule, {}), got = client.run(rule, client.known());
        CAPTURE(layers.size(), batch, rule.prox);
        CHECK(norm(expected[2]) > 0.02);
        for (std::size_t i = 0; i < expected.size(); ++i) CHECK(norm(got[i] - expected[i]) < rounding * norm(client.start));
        CHECK((got[1] == expected[1]) != holds<T>());
      }
    }
}

}  // namespace

TEST_CASE("a step on weights held by inputs is the two products that it stands for", "[compiled]") {
  const auto check = [](const auto* kernels) {
    if (kernels && kernels->input_major_step) check_steps(*kernels);
  };
  for (const char* name : {"generic", "avx2", "avx512"}) {
    check(kernels_for<float>(name));
    check(kernels_for<double>(name));
  }
}

TEST_CASE("hidden layers held by inputs train like others", "[compiled]") {
  check_runs<float>(1e-6);
  check_runs<double>(1e-14);
}

TEST_CASE("hidden layers are held by inputs where zeros have no gradient and the step is plain", "[compiled]") {
  const auto differs = [](const std::vector<std::string>& layers, StepRule rule, const Vec* other) {
    Client<float> client(layers, 5);
    if (other) rule.anchor = rule.linear = other;
    return !(client.run(rule, {})[1] == client.run(rule, client.known())[1]);
  };
  CHECK(differs(two_hidden, {.lr = 0.1}, nullptr) == holds<float>());
  CHECK_FALSE(differs({"linear 40", "tanh", "linear 40", "gelu", "linear 33", "linear 5"}, {.lr = 0.1}, nullptr));
  CHECK_FALSE(differs({"linear 40", "relu", "linear 31", "relu", "linear 5"}, {.lr = 0.1}, nullptr));
  CHECK_FALSE(differs(two_hidden, {.lr = 0.1, .momentum = 0.9}, nullptr));
  CHECK_FALSE(differs(two_hidden, {.lr = 0.1, .weight_decay = 0.1}, nullptr));
  CHECK_FALSE(differs(two_hidden, {.lr = 0.1, .clip = 0.1}, nullptr));
  const Client<float> any(two_hidden, 5);
  const Vec other = random_parameters(any.network, 5, Dtype::float32);
  CHECK_FALSE(differs(two_hidden, {.lr = 0.1, .prox = 1}, &other));
}

TEST_CASE("hidden layers of a start of the same name are turned once, others anew", "[compiled]") {
  Client<float> client(two_hidden, 5);
  const StepRule rule{.lr = 0.1};
  const Vec first = client.start, second = random_parameters(client.network, 8, Dtype::float32);
  const auto loss = [&](const Vec& from, std::uint64_t name) {
    client.learner->begin(from, rule, client.known(name));
    client.learner->step(client.batches[0].batch);
    return client.learner->step(client.batches[0].batch).loss;
  };
  check_names_of_starts(loss, first, second);
}

TEST_CASE("a feature that is not finite is seen behind layers held by inputs", "[compiled]") {
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    Client<float> client(two_hidden, 5);
    client.batches[1].x[7] = bad;
    CHECK_FALSE(std::isfinite(norm(client.run({.lr = 0.1}, client.known())[2])));
  }
}
