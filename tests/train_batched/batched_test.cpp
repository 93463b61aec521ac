// The batched trainer against one client after the other on autograd: same batches, masks and noise, so
// parameters may differ by rounding only. Norm of the difference over the norm of the parameters.
#include "catch.hpp"
#include "core/error.h"
#include "model/network.h"
#include "random_layers.h"
#include "train/cohort_trainer.h"
#include "train/engine.h"
#include "train/torch_threads.h"
#include "train/toy_data.h"

using namespace fedsim;
using namespace fedsim::test;

namespace {

constexpr std::int64_t rows = 46;

/// Sizes that leave every kind of raggedness: last batches of many sizes, fewer steps, less than a batch, no
/// sample.
std::vector<ClientData> ragged(double noise = 0) {
  std::vector<ClientData> clients;
  std::int64_t first = 0;
  for (const std::int64_t n : {13, 5, 0, 12, 1, 7, 8})
    clients.push_back(
        {.client = 10 + first, .rows = Rows(std::exchange(first, first + n), n), .noise = noise});
  return clients;
}

ModelChoice model_of(const std::vector<std::string>& layers) {
  ModelChoice model;
  model.layers = layers;
  return model;
}

std::vector<std::string> shipped(const std::string& name, const Dataset& data) {
  Describer visitor;
  return Registry<ModelTemplate>::find(name)->make(visitor)->layers(data);
}

struct Case {
  Dataset data;
  std::vector<std::string> layers;
  ClientOptions local{};
  double noise = 0;
  double prox = 0;
  bool linear = false;
};

ClientOptions batches_of(std::int64_t size, double lr = 0.05) {
  ClientOptions local;
  local.lr = lr;
  local.batch_size = size;
  return local;
}

ClientOptions everything() {
  ClientOptions local = batches_of(4, 0.02);
  local.momentum = 0.5;
  local.weight_decay = 1e-2;
  local.clip = 0.8;
  local.epochs = 2;
  return local;
}

void check(const Case& one, Dtype dtype, double tolerance, const std::string& device = "cpu") {
  std::string all;
  for (const auto& layer : one.layers) all += layer + ", ";
  INFO(all << name_of(dtype) << " on " << to_string(one.data.sample_shape));
  const auto engine = make_engine(model_of(one.layers), one.data, "batched", device, dtype);
  const auto single = make_engine(model_of(one.layers), one.data, "autograd", device, dtype);
  REQUIRE(engine->trainer() == "batched");
  const auto cohort = engine->cohort_trainer(one.data);
  REQUIRE(cohort);
  Worker worker(single->learner(), one.data, dtype);
  const Round round = toy_round(one.local);
  const Vec start = engine->initial(3);
  Vec anchor = start;
  anchor *= 0.9;

  const auto clients = ragged(one.noise);
  std::vector<LocalJob> jobs;
  for (std::size_t k = 0; k < clients.size(); ++k)
    jobs.push_back({.start = k % 2 ? start : anchor,
                    .prox = one.prox,
                    .anchor = k % 3 ? nullptr : &anchor,
                    .linear = one.linear ? (0.01 * static_cast<double>(k)) * start : Vec()});
  std::vector<CohortTrainer::Job> asked;
  for (std::size_t k = 0; k < clients.size(); ++k) asked.push_back({&clients[k], &jobs[k]});
  for (int again = 0; again < 2; ++again) {  // the second time in memory that was used
    const auto results = cohort->sgd(round, asked);
    for (std::size_t k = 0; k < clients.size(); ++k) {
      INFO("client with " << clients[k].rows.size() << " samples");
      const LocalResult expected = worker.sgd(clients[k], round, jobs[k]);
      CHECK(norm(results[k].w - expected.w) <= tolerance * norm(expected.w));
      CHECK(results[k].steps == expected.steps);
      CHECK(results[k].processed == expected.processed);
      CHECK(results[k].loss == Approx(expected.loss).epsilon(tolerance));
      if (clients[k].rows.size() > 4) CHECK(norm(results[k].w - jobs[k].start) > 1e-4 * norm(start));
    }
  }
  std::vector<CohortTrainer::Point> points;
  for (std::size_t k = 0; k < clients.size(); ++k) points.push_back({&clients[k], k == 1 ? &anchor : &start});
  const auto gradients = cohort->gradient(round, points);
  for (std::size_t k = 0; k < clients.size(); ++k) {
    const GradientResult expected = worker.gradient(clients[k], round, *points[k].w);
    CHECK(norm(gradients[k].gradient - expected.gradient) <= tolerance * norm(expected.gradient));
    CHECK(gradients[k].loss == Approx(expected.loss).epsilon(tolerance));
    CHECK(gradients[k].samples == expected.samples);
  }
}

void check_both(const Case& one) {
  use_one_torch_thread();
  check(one, Dtype::float32, 1e-4);
  check(one, Dtype::float64, 1e-10);
}

Dataset digits() { return toy_data({.rows = rows, .shape = {1, 28, 28}, .classes = 10}); }
Dataset text(std::int64_t targets = 9) {
  return toy_data(
      {.rows = rows, .shape = {9}, .classes = 20, .targets = targets, .vocabulary = 20, .padded = true});
}

const std::vector<std::string> residual_net{
    "conv 8 3 same nobias",
    "groupnorm 2",
    "relu",
    "residual(conv 8 3 stride=1 pad=1 nobias, groupnorm 2, relu, conv 8 3 same nobias, groupnorm 2)",
    "relu",
    "residual(conv 16 3 stride=2 pad=1 nobias, groupnorm 2, relu, conv 16 3 same nobias, groupnorm 2 | "
    "conv 16 1 stride=2 nobias, groupnorm 2)",
    "relu",
    "globalpool",
    "linear 10"};

}  // namespace

TEST_CASE("batched: shipped models equal the path of single clients", "[batched]") {
  for (const char* name : {"logistic", "2nn", "lenet5"})
    check_both({digits(), shipped(name, digits()), batches_of(4)});
  check({digits(), shipped("cnn", digits()), batches_of(4)}, Dtype::float32, 1e-4);
}

TEST_CASE("batched: LSTM and embedding, padded targets", "[batched]") {
  check_both({text(), {"embedding 8", "lstm 12 2", "linear 20"}, batches_of(4)});
  check_both({text(1), {"embedding 8", "lstm 12 2", "last", "linear 20"}, everything()});
}

TEST_CASE("batched: a residual network with group norm", "[batched]") {
  check_both({toy_data({.rows = rows, .shape = {3, 12, 12}, .classes = 10}), residual_net, everything()});
}

TEST_CASE("batched: momentum, weight decay, clip, prox and linear", "[batched]") {
  const Dataset data = toy_data({.rows = rows});
  const std::vector<std::string> layers{"linear 9", "gelu", "layernorm", "linear 4"};
  Case one{data, layers, everything()};
  check_both(one);
  one.prox = 0.3;
  check_both(one);
  one.linear = true;
  check_both(one);
  one.prox = 0;
  one.local = batches_of(0, 0.02);  // the whole client a step
  one.local.steps = 70;             // more than are planned at once
  check_both(one);
}

TEST_CASE("batched: dropout draws the masks of the other trainers", "[batched]") {
  const Dataset data = toy_data({.rows = rows, .shape = {2, 7, 5}});
  check_both({data,
              {"conv 3 3", "dropout 0.3", "relu", "residual(dropout 0.5 | conv 3 1, dropout 0.25)", "flatten",
               "linear 9", "groupnorm 3", "dropout 0.4", "tanh", "linear 4"},
              everything()});
  check_both({text(), {"embedding 5", "dropout 0.2", "lstm 6 1", "dropout 0.5", "linear 20"}, batches_of(4)});
}

TEST_CASE("batched: feature noise, and samples that are made on draw", "[batched]") {
  Case one{toy_data({.rows = rows, .shape = {2, 7, 5}}),
           {"conv 3 3", "relu", "maxpool 2", "flatten", "linear 4"},
           batches_of(4)};
  one.noise = 0.5;
  check_both(one);
  one.noise = 0;
  one.data.generated_on_draw = true;
  check_both(one);
}

TEST_CASE("batched: random lists of layers", "[batched]") {
  Random random(12, Purpose::data);
  const Dataset image = toy_data({.rows = rows, .shape = {2, 11, 9}});
  for (int trial = 0; trial < 12; ++trial) {
    const std::vector<std::string> layers = random_layers(random);
    check_both({image, layers, batches_of(4)});
  }
}

TEST_CASE("batched: the same call has the same bytes", "[batched]") {
  use_one_torch_thread();
  const Dataset data = digits();
  const auto engine = make_engine(model_of(shipped("lenet5", data)), data, "batched", "cpu", Dtype::float32);
  const Vec start = engine->initial(3);
  const LocalJob job{.start = start};
  const auto clients = ragged();
  std::vector<CohortTrainer::Job> asked;
  for (const auto& client : clients) asked.push_back({&client, &job});
  const Round round = toy_round(everything());
  const auto once = engine->cohort_trainer(data)->sgd(round, asked),
             twice = engine->cohort_trainer(data)->sgd(round, asked);
  for (std::size_t k = 0; k < clients.size(); ++k) CHECK(once[k].w == twice[k].w);
}

TEST_CASE("batched: who takes it, and who is refused by name", "[batched]") {
  const Dataset image = toy_data({.rows = rows, .shape = {2, 11, 9}});
  const auto message = [&](const ModelChoice& model) {
    try {
      make_engine(model, image, "batched", "cpu", Dtype::float32);
      return std::string("accepted");
    } catch (const OptionError& error) {
      CHECK(error.option == "trainer");
      return error.message;
    }
  };
  CHECK(message(model_of({"residual(batchnorm)", "flatten", "linear 4"})) ==
        "the batched trainer has no 'batchnorm'");
  ModelChoice script, quadratic;
  script.torchscript.text = "model.pt";
  quadratic.quadratic = true;
  CHECK(message(script) == "the batched trainer does not take TorchScript");
  CHECK(message(quadratic) == "quadratic functions are stepped in closed form");
  CHECK(make_engine(model_of({"flatten", "linear 4"}), image, "auto", "cpu", Dtype::float32)->trainer() ==
        "compiled");
}

TEST_CASE("batched: on a GPU it equals the path of single clients there", "[batched][cuda]") {
  use_one_torch_thread();
  try {
    const Dataset data = digits();
    make_engine(model_of({"flatten", "linear 10"}), data, "batched", "cuda", Dtype::float32);
  } catch (const OutputError& error) {
    WARN("skipped: " << error.what());
    return;
  }
  const Dataset image = toy_data({.rows = rows, .shape = {3, 12, 12}, .classes = 10});
  for (const char* name : {"2nn", "cnn", "lenet5"})
    check({digits(), shipped(name, digits()), everything()}, Dtype::float32, 1e-4, "cuda");
  check({image, residual_net, everything()}, Dtype::float32, 1e-4, "cuda");
  check({text(), {"embedding 5", "dropout 0.2", "lstm 6 1", "linear 20"}, everything()}, Dtype::float32, 1e-4,
        "cuda");
  const auto engine = make_engine(model_of({"flatten", "linear 10"}), image, "auto", "cuda", Dtype::float32);
  CHECK(engine->trainer() == "batched");
}
