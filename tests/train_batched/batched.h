// The batched trainer against one client after the other on autograd: same batches, masks and noise, so
// parameters may differ by rounding only. Norm of the difference over the norm of the parameters.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "core/error.h"
#include "model/network.h"
#include "random_layers.h"
#include "train/cohort_trainer.h"
#include "train/engine.h"
#include "train/torch_threads.h"
#include "train/toy_data.h"

namespace fedsim::test {

constexpr std::int64_t rows = 46;

/// Sizes that leave every kind of raggedness: last batches of many sizes, fewer steps, less than a batch, no
/// sample.
inline std::vector<ClientData> ragged(double noise = 0) {
  std::vector<ClientData> clients;
  std::int64_t first = 0;
  for (const std::int64_t n : {13, 5, 0, 12, 1, 7, 8})
    clients.push_back(
        {.client = 10 + first, .rows = Rows(std::exchange(first, first + n), n), .noise = noise});
  return clients;
}

inline ModelChoice model_of(const std::vector<std::string>& layers) {
  ModelChoice model;
  model.layers = layers;
  return model;
}

inline std::vector<std::string> shipped(const std::string& name, const Dataset& data) {
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

inline ClientOptions batches_of(std::int64_t size, double lr = 0.05) {
  ClientOptions local;
  local.lr = lr;
  local.batch_size = size;
  return local;
}

inline ClientOptions everything() {
  ClientOptions local = batches_of(4, 0.02);
  local.momentum = 0.5;
  local.weight_decay = 1e-2;
  local.clip = 0.8;
  local.epochs = 2;
  return local;
}

inline void check(const Case& one, Dtype dtype, double tolerance, const std::string& device = "cpu") {
  std::string all;
  for (const auto& layer : one.layers) all += layer + ", ";
  INFO(all << name_of(dtype) << " on " << to_string(one.data.sample_shape));
  const auto engine = make_engine(model_of(one.layers), one.data, "batched", device, dtype);
  const auto single = make_engine(model_of(one.layers), one.data, "autograd", device, dtype);
  REQUIRE(engine->trainer() == "batched");
  const auto cohort = engine->cohort_trainer(one.data);
  REQUIRE(cohort);
  Worker worker(single->learner(), one.data, dtype);
  Round round = toy_round(one.local);
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
  for (int again = 0; again < 2; ++again) {  // the second time in memory that was used, by another rule and stream
    round.index += again;
    round.client_lr *= 1 + again;
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

inline void check_both(const Case& one) {
  use_one_torch_thread();
  check(one, Dtype::float32, 1e-4);
  check(one, Dtype::float64, 1e-10);
}

inline Dataset digits() { return toy_data({.rows = rows, .shape = {1, 28, 28}, .classes = 10}); }
inline Dataset text(std::int64_t targets = 9) {
  return toy_data(
      {.rows = rows, .shape = {9}, .classes = 20, .targets = targets, .vocabulary = 20, .padded = true});
}

/// Clients of one model that start alike.
struct Cohort {
  Cohort(Dataset d, const std::vector<std::string>& layers, const std::string& device)
      : data(std::move(d)), engine(make_engine(model_of(layers), data, "batched", device, Dtype::float32)), start(engine->initial(3)) {
    for (const auto& client : clients) asked.push_back({&client, &job});
  }
  Dataset data;
  std::unique_ptr<Engine> engine;
  Vec start;
  LocalJob job{.start = start};
  std::vector<ClientData> clients = ragged();
  Round round = toy_round(everything());
  std::vector<CohortTrainer::Job> asked;
};

/// One trainer gives the first `sizes` clients, group after group, the parameters that a new one gives each.
inline void check_same_bytes(const Cohort& cohort, const std::vector<std::size_t>& sizes) {
  use_one_torch_thread();
  const auto trainer = cohort.engine->cohort_trainer(cohort.data);
  for (const std::size_t size : sizes) {
    const std::span group(cohort.asked.data(), size);
    const auto got = trainer->sgd(cohort.round, group), expected = cohort.engine->cohort_trainer(cohort.data)->sgd(cohort.round, group);
    for (std::size_t k = 0; k < size; ++k) CHECK(got[k].w == expected[k].w);
  }
}

inline const std::vector<std::string> residual_net{
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

}  // namespace fedsim::test
