// Formulas of the autograd trainer against loops by hand, in float64.
#include <cmath>
#include <thread>

#include "catch.hpp"
#include "core/error.h"
#include "toy_data.h"
#include "train/engine.h"
#include "train/torch_threads.h"

using namespace fedsim;
using namespace fedsim::test;

namespace {

std::unique_ptr<Engine> engine_of(const std::vector<std::string>& layers, const Dataset& data,
                                  Dtype dtype = Dtype::float64) {
  return make_engine({.layers = layers, .torchscript = {}}, data, "autograd", "cpu", dtype);
}

const std::vector<std::string> small{"linear 5", "tanh", "linear 4"};

}  // namespace

TEST_CASE("gradient() is the derivative of the client's mean loss") {
  use_one_torch_thread();
  const Dataset data = toy_data({.rows = 300});  // more than a chunk
  const auto engine = engine_of(small, data);
  Worker worker(engine->learner(), data, Dtype::float64);
  const ClientData client{.client = 1, .rows = Rows(0, 300)};
  const Round round = toy_round({});
  Vec w = engine->initial(2);
  const GradientResult at_w = worker.gradient(client, round, w);
  CHECK(at_w.samples == 300);
  for (std::size_t i = 0; i < w.size(); i += 3) {
    // Central differences: error h^2 f'''/6 + eps/h, below 1e-8 for h = 1e-5.
    const double h = 1e-5, value = w.at(i);
    w.set(i, value + h);
    const double up = worker.gradient(client, round, w).loss;
    w.set(i, value - h);
    const double down = worker.gradient(client, round, w).loss;
    w.set(i, value);
    CHECK(at_w.gradient.at(i) == Approx((up - down) / (2 * h)).margin(1e-8));
  }
  const Evaluation sums = worker.evaluate(*data.train, 0, 300, w);
  CHECK(sums.count == 300);
  CHECK(sums.loss / 300 == Approx(at_w.loss).epsilon(1e-13));
}

TEST_CASE("one full-batch step is gradient descent") {
  use_one_torch_thread();
  const Dataset data = toy_data();
  const auto engine = engine_of(small, data);
  Worker worker(engine->learner(), data, Dtype::float64);
  ClientOptions local;
  local.lr = 0.3;
  local.batch_size = 0;
  const Round round = toy_round(local);
  const ClientData client{.client = 1, .rows = Rows(0, 23)};
  const Vec w = engine->initial(2);
  const GradientResult g = worker.gradient(client, round, w);
  const LocalResult after = worker.sgd(client, round, LocalJob{.start = w});
  CHECK(after.steps == 1);
  CHECK(after.loss == Approx(g.loss).epsilon(1e-13));
  CHECK(largest_difference(after.w, w - 0.3 * g.gradient) < 1e-15);
}

TEST_CASE("clip, weight decay, prox, linear and momentum follow the formula") {
  use_one_torch_thread();
  const Dataset data = toy_data();
  const auto engine = engine_of(small, data);
  Worker worker(engine->learner(), data, Dtype::float64);
  ClientOptions local;
  local.lr = 0.1;
  local.momentum = 0.7;
  local.weight_decay = 0.02;
  local.batch_size = 0;
  local.clip = GENERATE(0.0, 0.1);
  const Round round = toy_round(local);
  const ClientData client{.client = 1, .rows = Rows(0, 23)};
  const Vec start = engine->initial(2), anchor = engine->initial(3), linear = 0.01 * engine->initial(4);
  LocalJob job{.start = start, .prox = 0.5, .anchor = &anchor, .linear = linear, .steps = 4};
  const LocalResult ours = worker.sgd(client, round, job);

  Vec w = start, v;
  for (int step = 0; step < 4; ++step) {
    Vec g = worker.gradient(client, round, w).gradient;
    if (local.clip > 0) {
      CHECK(norm(g) > local.clip);
      g *= local.clip / norm(g);
    }
    g += 0.02 * w + 0.5 * (w - anchor) + linear;
    v = step == 0 ? g : 0.7 * v + g;
    w -= 0.1 * v;
  }
  CHECK(largest_difference(ours.w, w) < 1e-12);

  job.prox = 0;  // the anchor is then without effect
  job.linear = {};
  LocalJob plain{.start = start, .steps = 4};
  CHECK(worker.sgd(client, round, job).w == worker.sgd(client, round, plain).w);
}

TEST_CASE("dropout takes its masks from the client's own stream") {
  use_one_torch_thread();
  const Dataset data = toy_data({.rows = 64, .shape = {50}});
  const auto engine = engine_of({"linear 400", "dropout 0.5", "linear 4"}, data, Dtype::float32);
  Worker worker(engine->learner(), data, Dtype::float32), other(engine->learner(), data, Dtype::float32);
  const Round round = toy_round({});
  const Vec start = engine->initial(1);
  const LocalJob job{.start = start};
  const ClientData one{.client = 1, .rows = Rows(0, 64)}, two{.client = 2, .rows = Rows(0, 64)};
  const Vec first = worker.sgd(one, round, job).w;
  CHECK_FALSE(worker.sgd(two, round, job).w == first);
  CHECK(other.sgd(one, round, job).w == first);
  const auto without = engine_of({"linear 400", "dropout 0", "linear 4"}, data, Dtype::float32);
  Worker plain(without->learner(), data, Dtype::float32);
  CHECK_FALSE(plain.sgd(one, round, job).w == first);
  // Not in evaluation.
  CHECK(worker.test(0, 64, start).loss == plain.test(0, 64, start).loss);
}

TEST_CASE("dropout keeps a value with probability 1 - rate and scales it by 1/(1 - rate)") {
  // One linear layer from x = dropout(input): with input all ones, the step's gradient of the weights for the target
  // class counts the kept inputs. 20,000 of them: the share is 0.75 within 5 sqrt(0.75 * 0.25 / 20000) = 0.0153.
  use_one_torch_thread();
  Dataset data = toy_data({.rows = 1, .shape = {20000}, .classes = 2});
  const auto engine = engine_of({"dropout 0.25", "linear 2 nobias"}, data);
  const auto learner = engine->learner();
  const Vec zero(40000, Dtype::float64);
  learner->begin(zero, {.lr = 1});
  const std::vector<double> ones(20000, 1.0);
  const std::int32_t label = 0;
  Batch batch;
  batch.x = ones.data();
  batch.y = &label;
  batch.count = 1;
  learner->step(batch);
  const Vec w = learner->parameters();  // row 0: 0.5 * mask, row 1: -0.5 * mask
  int kept = 0;
  for (std::size_t i = 0; i < 20000; ++i) {
    const double value = w.at(i);
    CHECK_FALSE((value != 0 && std::abs(value - 0.5 / 0.75) > 1e-15));
    kept += value != 0;
  }
  CHECK(kept / 20000.0 == Approx(0.75).margin(0.0153));
}

TEST_CASE("batch norm trains with the batch's statistics and evaluates with the running ones") {
  use_one_torch_thread();
  const Dataset data = toy_data({.rows = 40});
  const auto engine = engine_of({"batchnorm", "linear 4"}, data);
  Worker worker(engine->learner(), data, Dtype::float64);
  ClientOptions local;
  local.batch_size = 0;
  local.momentum = 0.9;
  local.weight_decay = 0.1;  // must not touch the statistics
  const Vec start = engine->initial(1);
  const Vec after = worker.sgd({.client = 1, .rows = Rows(0, 40)}, toy_round(local), LocalJob{.start = start}).w;
  double mean = 0, square = 0;  // of feature 0
  for (std::int64_t row = 0; row < 40; ++row) {
    std::vector<double> x(6);
    std::int32_t y = 0;
    const std::int64_t rows[] = {row};
    data.train->gather(rows, x.data(), &y);
    mean += x[0] / 40;
    square += x[0] * x[0] / 40;
  }
  // weight 0-5, bias 6-11, running_mean 12-17, running_var 18-23; momentum 0.1, unbiased variance.
  CHECK(after.at(12) == Approx(0.1 * mean).epsilon(1e-12));
  CHECK(after.at(18) == Approx(0.9 + 0.1 * (square - mean * mean) * 40 / 39).epsilon(1e-12));
  Vec moved = after;
  moved.set(12, 5);
  CHECK(worker.test(0, 40, moved).loss != worker.test(0, 40, after).loss);
}

TEST_CASE("hits are counted, padding is not") {
  use_one_torch_thread();
  const Dataset data = toy_data({.rows = 30, .shape = {5}, .classes = 7, .targets = 5, .vocabulary = 7, .padded = true});
  const auto engine = engine_of({"embedding 3", "linear 7"}, data);
  Worker worker(engine->learner(), data, Dtype::float64);
  Vec w = engine->initial(1);
  for (std::size_t i = 0; i < w.size(); ++i) w.set(i, 0);
  const std::size_t bias_of_2 = 7 * 3 + 7 * 3 + 2;
  w.set(bias_of_2, 1);  // class 2 is always said
  const Evaluation sums = worker.test(0, 30, w);
  CHECK(sums.count == 120);  // 150, every fifth is padding
  std::vector<double> x(150);
  std::vector<std::int32_t> y(150);
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < 30; ++i) rows.push_back(i);
  data.test->gather(rows, x.data(), y.data());
  CHECK(sums.correct == std::count(y.begin(), y.end(), 2));
  const double others = std::log(6 + std::exp(1.0));  // -log softmax of a class that is not 2
  CHECK(sums.loss == Approx(120 * others - static_cast<double>(sums.correct)).epsilon(1e-12));
}

TEST_CASE("a batch of nothing but padding changes nothing") {
  use_one_torch_thread();
  const Dataset data = toy_data({.rows = 1, .shape = {1}, .classes = 7, .vocabulary = 7, .padded = true});
  const auto engine = engine_of({"embedding 3", "flatten", "linear 7"}, data);
  Worker worker(engine->learner(), data, Dtype::float64);
  const Vec start = engine->initial(1);
  const LocalResult after = worker.sgd({.client = 0, .rows = Rows(0, 1)}, toy_round({}), LocalJob{.start = start});
  CHECK(after.w == start);
  CHECK(after.loss == 0);
}

TEST_CASE("workers in parallel give the bits of one worker") {
  use_one_torch_thread();
  const Dataset data = toy_data({.rows = 60, .shape = {1, 12, 12}});
  const auto engine =
      engine_of({"conv 8 3 same", "relu", "maxpool 2", "flatten", "linear 64", "relu", "linear 4"}, data, Dtype::float32);
  const Round round = toy_round({});
  const Vec start = engine->initial(1);
  const auto train = [&](Worker& worker, std::int64_t client) {
    return worker.sgd({.client = client, .rows = Rows(client * 10, 20)}, round, LocalJob{.start = start, .epochs = 3}).w;
  };
  std::vector<Vec> serial, parallel(4);
  Worker one(engine->learner(), data, Dtype::float32);
  for (std::int64_t client = 0; client < 4; ++client) serial.push_back(train(one, client));
  std::vector<std::thread> threads;
  for (std::int64_t client = 0; client < 4; ++client)
    threads.emplace_back([&, client] {
      use_one_torch_thread();
      Worker worker(engine->learner(), data, Dtype::float32);
      parallel[static_cast<std::size_t>(client)] = train(worker, client);
    });
  for (auto& thread : threads) thread.join();
  for (std::size_t client = 0; client < 4; ++client) CHECK(parallel[client] == serial[client]);
}

TEST_CASE("trainers and devices that are not there are named") {
  const Dataset data = toy_data();
  const ModelChoice model{.layers = small, .torchscript = {}};
  CHECK_THROWS_AS(make_engine(model, data, "fast", "cpu", Dtype::float32), OptionError);
  CHECK_THROWS_AS(make_engine(model, data, "auto", "gpu", Dtype::float32), OptionError);
  CHECK_THROWS_AS(make_engine(model, data, "auto", "cuda:x", Dtype::float32), OptionError);
  CHECK_THROWS_AS(make_engine(model, data, "auto", "cuda:99", Dtype::float32), OutputError);
  CHECK_THROWS_AS(make_engine({.layers = {}, .torchscript = {}, .quadratic = true}, data, "auto", "cpu", Dtype::float32), OptionError);
  const auto engine = make_engine(model, data, "autograd", "cpu", Dtype::float32);
  CHECK(engine->trainer() == "autograd");
  CHECK(engine->device() == "cpu");
  CHECK(engine->tensors().at(0).name == "0.weight");
  CHECK(engine->test_rows(data) == 23);
}
