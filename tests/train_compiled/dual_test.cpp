// The first layer in dual form against steps that write its weights, which are what a run of unknown shape takes.
#include "train/compiled/dual.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "catch.hpp"
#include "joined.h"
#include "models.h"

using namespace fedsim;
using namespace fedsim::test;

namespace {

/// Rows of which a part of the features is 0: the same columns in neighbours, as the margin of an image, and others.
class MemoryRows final : public Samples {
 public:
  MemoryRows(std::int64_t rows, std::int64_t features, std::int64_t classes, double zeros) : features_(features) {
    Random random(5, Purpose::data);
    for (std::int64_t i = 0; i < rows * features; ++i) {
      const bool zero = random.uniform(0, 1) < zeros || (zeros > 0 && i % features < features / 6);
      x.push_back(zero ? 0 : random.uniform(-1, 1));
    }
    for (std::int64_t i = 0; i < rows; ++i)
      y.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(classes))));
  }
  std::int64_t size() const override { return static_cast<std::int64_t>(y.size()); }
  void gather(std::span<const std::int64_t> rows, float* to, std::int32_t* labels) const override { copy(rows, to, labels); }
  void gather(std::span<const std::int64_t> rows, double* to, std::int32_t* labels) const override { copy(rows, to, labels); }
  std::vector<double> x;
  std::vector<std::int32_t> y;

 private:
  template <class T>
  void copy(std::span<const std::int64_t> rows, T* to, std::int32_t* labels) const {
    for (const auto row : rows) {
      for (std::int64_t i = 0; i < features_; ++i)
        *to++ = static_cast<T>(x[static_cast<std::size_t>(row * features_ + i)]);
      *labels++ = y[static_cast<std::size_t>(row)];
    }
  }
  std::int64_t features_;
};

struct Case {
  std::vector<std::string> layers;
  double zeros = 0;
  std::int64_t samples = 23, batch = 5, epochs = 1, features = 150;
};

/// A client's whole data, its batches, and a learner.
template <class T>
struct Client {
  Case my;
  std::shared_ptr<MemoryRows> rows;
  Dataset data;
  Network network;
  std::unique_ptr<Learner> learner;
  Vec start;
  std::vector<T> x;
  std::vector<std::vector<std::int64_t>> batches;  // places of the samples, all in their order first

  explicit Client(const Case& c)
      : my(c),
        rows(std::make_shared<MemoryRows>(c.samples, c.features, 7, c.zeros)),
        data(shaped({c.features}, 7)),
        x(rows->x.begin(), rows->x.end()) {
    data.train = rows;
    network = build_network(c.layers, data);
    learner = compiled_engine(network, data, dtype())->learner();
    start = random_parameters(network, 4, dtype());
    std::vector<std::int64_t> order(static_cast<std::size_t>(c.samples));
    std::iota(order.begin(), order.end(), 0);
    Random random(9, Purpose::batches);
    for (std::int64_t e = 0; e < c.epochs; ++e) {
      for (std::size_t i = 0; i < order.size(); i += static_cast<std::size_t>(c.batch)) {
        const auto end = std::min(order.size(), i + static_cast<std::size_t>(c.batch));
        batches.emplace_back(order.begin() + static_cast<std::ptrdiff_t>(i), order.begin() + static_cast<std::ptrdiff_t>(end));
      }
      random.shuffle(std::span(order));
    }
  }

  static Dtype dtype() { return std::is_same_v<T, float> ? Dtype::float32 : Dtype::float64; }
  RunShape shape(std::uint64_t name = 0) const {
    return {.samples = my.samples, .visits = my.samples * my.epochs, .batch = my.batch, .start = name};
  }

  Batch all() {
    Batch batch;
    batch.x = x.data();
    batch.y = rows->y.data();
    batch.count = my.samples;
    return batch;
  }

  bool begin_dual(const Vec& from, const StepRule& rule, std::uint64_t name = 0) {
    if (!learner->begin(from, rule, shape(name))) return false;
    learner->samples(all());
    return true;
  }

  /// Steps [first, last) of the run; with `answer` the last of all is last_step.
  double steps(bool dual, std::size_t first, std::size_t last, const Answer* answer = nullptr) {
    double loss = 0;
    std::vector<T> some_x;
    std::vector<std::int32_t> some_y;
    for (std::size_t k = first; k < last; ++k) {
      some_x.clear();
      some_y.clear();
      for (const std::int64_t place : batches[k]) {
        some_x.insert(some_x.end(), x.begin() + place * my.features, x.begin() + (place + 1) * my.features);
        some_y.push_back(rows->y[static_cast<std::size_t>(place)]);
      }
      Batch batch;
      batch.x = dual ? nullptr : some_x.data();
      batch.places = dual ? batches[k].data() : nullptr;
      batch.y = some_y.data();
      batch.count = static_cast<std::int64_t>(batches[k].size());
      batch.dropout = {.seed = k, .purpose = Purpose::dropout};
      loss += (answer && k + 1 == batches.size() ? learner->last_step(batch, *answer) : learner->step(batch)).loss;
    }
    return loss;
  }

  Vec change(bool dual, const StepRule& rule, Answer answer = Answer::change) {
    if (dual)
      REQUIRE(begin_dual(start, rule));
    else
      REQUIRE_FALSE(learner->begin(start, rule));
    steps(dual, 0, batches.size(), &answer);
    const auto sealed = learner->take_sealed();
    return sealed ? values_of(*sealed) : learner->take_difference(start);
  }
};

const std::vector<std::string> wide{"linear 45", "relu", "dropout 0.2", "linear 20", "tanh", "linear 7"};
const std::vector<std::string> without_bias{"linear 45 nobias", "gelu", "linear 7"};
const std::vector<std::string> very_wide{"linear 120", "relu", "linear 7"};
const std::vector<std::string> narrow{"linear 7"};
const std::vector<std::string> hidden{"linear 45", "relu", "linear 33", "relu", "linear 38", "linear 7"};  // two held by inputs

/// Where every sample comes once only zeros make the dual form pay, and only where they can be left out.
template <class T>
bool leaves_out_zeros() {
  return compiled::best_kernels<T>().list_rows != nullptr;
}

const std::vector<Case> cases{
    {.layers = wide, .zeros = 0.5},
    {.layers = wide, .zeros = 0.5, .batch = 23},
    {.layers = very_wide, .zeros = 0.6, .samples = 90, .batch = 12, .features = 400},
    {.layers = wide, .zeros = 0.5, .epochs = 3},
    {.layers = wide, .epochs = 3},
    {.layers = without_bias, .zeros = 0.5, .epochs = 2},
    {.layers = hidden, .zeros = 0.5},
    {.layers = hidden, .epochs = 3},
    {.layers = hidden, .zeros = 0.5, .samples = 80, .batch = 40, .epochs = 2},
    {.layers = narrow, .samples = 10, .batch = 4, .epochs = 6},
    {.layers = narrow, .zeros = 0.5, .samples = 10, .batch = 3, .epochs = 6, .features = 151},
};

template <class T>
void check_equal(double rounding) {
  for (const Case& c : cases) {
    CAPTURE(c.zeros, c.samples, c.epochs, c.layers.size());
    Client<T> client(c);
    const StepRule rule{.lr = 0.1};
    REQUIRE(client.begin_dual(client.start, rule) == (c.epochs > 1 || leaves_out_zeros<T>()));
    if (c.epochs == 1 && !leaves_out_zeros<T>()) continue;
    const Vec expected = client.change(false, rule);
    CHECK(norm(expected) > 0.03);
    const double allowed = rounding * norm(client.start);
    CHECK(norm(client.change(true, rule) - expected) < allowed);
    CHECK(norm(client.change(true, rule, Answer::sealed_change) - expected) < allowed);

    const std::size_t half = client.batches.size() / 2, all = client.batches.size();
    client.learner->begin(client.start, rule);
    const double loss = client.steps(false, 0, half);
    const Vec w_half = client.learner->parameters();
    const double rest = client.steps(false, half, all);
    const Vec w = client.learner->take();
    REQUIRE(client.begin_dual(client.start, rule));
    CHECK(client.steps(true, 0, half) == Approx(loss).epsilon(rounding));
    CHECK(norm(client.learner->parameters() - w_half) <= allowed);
    CHECK(client.steps(true, half, all) == Approx(rest).epsilon(rounding));
    CHECK(norm(client.learner->take() - w) < allowed);
  }
}

}  // namespace

TEST_CASE("the first layer in dual form trains like one whose weights are written", "[compiled]") {
  check_equal<float>(1e-6);
  check_equal<double>(1e-14);
}

TEST_CASE("the change of a run in dual form knows its size, and is added to others, also of another form",
          "[compiled]") {
  Client<float> client({.layers = hidden, .zeros = 0.5, .samples = 15, .epochs = 2});
  const std::vector<float> x = client.x;
  const auto sealed = [&](int k) {
    for (std::size_t i = 0; i < x.size(); ++i) client.x[i] = x[i] * (1 + 0.05f * static_cast<float>(k));
    const Answer answer = Answer::sealed_change;
    if (k % 5 == 4) {  // a run of one step, which leaves the changes of all layers as factors
      client.learner->begin(client.start, {.lr = 0.1});
      client.steps(false, client.batches.size() - 1, client.batches.size(), &answer);
    } else {
      REQUIRE(client.begin_dual(client.start, {.lr = 0.1}));
      client.steps(true, 0, client.batches.size(), &answer);
    }
    auto change = client.learner->take_sealed();
    REQUIRE(change);
    return change;
  };
  for (const int k : {0, 20}) {
    const auto change = sealed(k);
    const Vec values = values_of(*change);
    CHECK(change->magnitude().norm == Approx(norm(values)).epsilon(1e-5));
    CHECK(change->magnitude().largest >= max_abs(values));
    CHECK(change->magnitude().largest <= 100 * max_abs(values));
    std::vector<MatrixAt> by_columns;
    if (leaves_out_zeros<float>()) by_columns.push_back({.first = 0, .rows = 45, .columns = 150});
    if (compiled::best_kernels<float>().input_major_step) {
      by_columns.push_back({.first = 45 * 151, .rows = 33, .columns = 45});
      by_columns.push_back({.first = 45 * 151 + 33 * 46, .rows = 38, .columns = 33});
    }
    const WeightedChange alone{change.get(), 1};
    CHECK(std::ranges::equal(change->sum({&alone, 1})->by_columns(), by_columns));
  }
  // A run of one step comes in another form, which does not join the others.
  CHECK(sealed(0)->joins(*sealed(1)));
  CHECK_FALSE(sealed(0)->joins(*sealed(4)));
  check_joined_sums(static_cast<std::size_t>(client.network.size), 21, sealed);
}

TEST_CASE("a proximal term that pulls to the start goes into the dual form", "[compiled]") {
  Client<double> client({.layers = wide, .samples = 15, .epochs = 3});
  const StepRule rule{.lr = 0.1, .prox = 2, .anchor = &client.start}, plain{.lr = 0.1};
  const Vec expected = client.change(false, rule);
  CHECK(norm(client.change(true, rule) - expected) < 1e-14 * norm(client.start));
  CHECK(norm(client.change(true, plain) - expected) > 0.1 * norm(expected));
  REQUIRE(client.begin_dual(client.start, rule));
  const Answer answer = Answer::sealed_change;
  client.steps(true, 0, client.batches.size(), &answer);
  const auto sealed = client.learner->take_sealed();
  REQUIRE(sealed);
  CHECK(sealed->magnitude().norm == Approx(norm(expected)).epsilon(1e-12));
}

TEST_CASE("a change whose factors are not small is written", "[compiled]") {
  Client<float> client({.layers = wide, .zeros = 0.5, .samples = 40, .epochs = 2});
  REQUIRE(client.begin_dual(client.start, {.lr = 0.1}));
  const Answer answer = Answer::sealed_change;
  client.steps(true, 0, client.batches.size(), &answer);
  CHECK_FALSE(client.learner->take_sealed());
  CHECK(norm(client.learner->take_difference(client.start)) > 0.03);
}

TEST_CASE("a start of the same name is read once, others anew", "[compiled]") {
  Client<float> client({.layers = wide, .zeros = 0.5, .samples = 15, .epochs = 2});
  const StepRule rule{.lr = 0.1};
  const Vec first = client.start, second = random_parameters(client.network, 8, Dtype::float32);
  const auto loss = [&](const Vec& from, std::uint64_t name) {
    REQUIRE(client.begin_dual(from, rule, name));
    return client.steps(true, 0, 1);
  };
  check_names_of_starts(loss, first, second);
}

TEST_CASE("what is not plain SGD, or does not pay, is not brought to dual form", "[compiled]") {
  Client<float> client({.layers = wide, .zeros = 0.5, .epochs = 2});
  const RunShape shape = client.shape();
  const Vec other = random_parameters(client.network, 5, Dtype::float32);
  REQUIRE(client.learner->begin(client.start, {.lr = 0.1}, shape));
  for (const StepRule& rule : {StepRule{.lr = 0.1, .momentum = 0.9}, StepRule{.lr = 0.1, .weight_decay = 0.1},
                               StepRule{.lr = 0.1, .clip = 1}, StepRule{.lr = 0.1, .linear = &other},
                               StepRule{.lr = 0.1, .prox = 1, .anchor = &other}})
    CHECK_FALSE(client.learner->begin(client.start, rule, shape));
  const StepRule plain{.lr = 0.1};
  CHECK_FALSE(client.learner->begin(client.start, plain, {}));
  CHECK_FALSE(client.learner->begin(client.start, plain, {.samples = 5000, .visits = 50000, .batch = 10}));

  Client<float> dense({.layers = wide});
  CHECK_FALSE(dense.learner->begin(dense.start, plain, dense.shape()));
  Client<float> few_outputs({.layers = narrow, .zeros = 0.5});
  CHECK_FALSE(few_outputs.learner->begin(few_outputs.start, plain, few_outputs.shape()));
}

TEST_CASE("a feature that is not finite is seen in the change of a run in dual form", "[compiled]") {
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    Client<float> client({.layers = wide, .zeros = 0.5, .samples = 15, .epochs = 2});
    client.x[150 * 7 + 60] = bad;
    REQUIRE(client.begin_dual(client.start, {.lr = 0.1}));
    const Answer answer = Answer::sealed_change;
    client.steps(true, 0, client.batches.size(), &answer);
    CHECK(std::isinf(client.learner->take_sealed()->magnitude().largest));
  }
}
