// A client's local model equals what a plain LibTorch program computes from the same start and batches, bit for bit:
// torch::nn modules, torch::optim::SGD, no code of ours but the data.
#include <torch/torch.h>

#include "catch.hpp"
#include "toy_data.h"
#include "train/engine.h"
#include "train/torch_threads.h"

using namespace fedsim;
using namespace fedsim::test;
namespace nn = torch::nn;

namespace {

struct Plain {
  std::vector<torch::Tensor> parameters;  // in the order of the flat vector
  std::function<torch::Tensor(torch::Tensor)> forward;
};

/// The start's values into the modules' parameters.
void load(Plain& plain, const Vec& w) {
  torch::NoGradGuard no_grad;
  std::int64_t offset = 0;
  const auto type = w.dtype() == Dtype::float32 ? torch::kFloat : torch::kDouble;
  for (auto& p : plain.parameters) {
    p.set_data(p.to(type));
    auto* first = static_cast<char*>(const_cast<void*>(w.data())) + offset * static_cast<std::int64_t>(size_of(w.dtype()));
    p.copy_(torch::from_blob(first, p.sizes(), type));
    offset += p.numel();
  }
  REQUIRE(offset == static_cast<std::int64_t>(w.size()));
}

Vec flat(const Plain& plain, Dtype dtype) {
  std::vector<torch::Tensor> parts;
  for (const auto& p : plain.parameters) parts.push_back(p.detach().reshape({-1}));
  const torch::Tensor all = torch::cat(parts);
  Vec w(static_cast<std::size_t>(all.numel()), dtype);
  if (dtype == Dtype::float32) std::copy_n(all.data_ptr<float>(), w.size(), w.as<float>().begin());
  if (dtype == Dtype::float64) std::copy_n(all.data_ptr<double>(), w.size(), w.as<double>().begin());
  return w;
}

void train(Plain& plain, const Dataset& data, const Round& round, std::int64_t n, Dtype dtype) {
  const ClientOptions& local = round.local;
  torch::optim::SGD sgd(plain.parameters,
                        torch::optim::SGDOptions(local.lr).momentum(local.momentum).weight_decay(local.weight_decay));
  for (const auto& rows : expected_batches(round, 7, n, local.epochs.value_or(1))) {
    std::vector<std::int64_t> shape{static_cast<std::int64_t>(rows.size())};
    shape.insert(shape.end(), data.sample_shape.begin(), data.sample_shape.end());
    torch::Tensor x = torch::empty(shape, dtype == Dtype::float32 ? torch::kFloat : torch::kDouble);
    torch::Tensor y = torch::empty({shape[0] * data.targets}, torch::kInt);
    if (dtype == Dtype::float32) data.train->gather(rows, x.data_ptr<float>(), y.data_ptr<std::int32_t>());
    if (dtype == Dtype::float64) data.train->gather(rows, x.data_ptr<double>(), y.data_ptr<std::int32_t>());
    if (data.vocabulary > 0) x = x.to(torch::kLong);
    sgd.zero_grad();
    const torch::Tensor logits = plain.forward(x).reshape({-1, data.classes});
    nn::functional::cross_entropy(logits, y.to(torch::kLong), nn::functional::CrossEntropyFuncOptions().ignore_index(-1))
        .backward();
    sgd.step();
  }
}

void check_equal(const std::vector<std::string>& layers, const Toy& toy, Plain plain, Dtype dtype = Dtype::float32) {
  use_one_torch_thread();
  const Dataset data = toy_data(toy);
  ClientOptions local;
  local.lr = 0.1;
  local.momentum = 0.9;
  local.weight_decay = 1e-3;
  local.batch_size = 8;  // 23 rows: the last batch has 7
  local.epochs = 2;
  const Round round = toy_round(local);
  const auto engine = make_engine({.layers = layers, .torchscript = {}}, data, "autograd", "cpu", dtype);
  const Vec start = engine->initial(1);
  Worker worker(engine->learner(), data, dtype);
  const LocalJob job{.start = start};
  const LocalResult ours = worker.sgd({.client = 7, .rows = Rows(0, toy.rows)}, round, job);
  CHECK(ours.steps == 6);
  CHECK(ours.processed == 46);

  load(plain, start);
  train(plain, data, round, toy.rows, dtype);
  CHECK(largest_difference(ours.w, flat(plain, dtype)) == 0);
  CHECK(largest_difference(ours.w, start) > 0);
}

Plain two_layers(std::int64_t in) {
  nn::Sequential net(nn::Flatten(), nn::Linear(in, 200), nn::ReLU(), nn::Linear(200, 200), nn::ReLU(),
                     nn::Linear(200, 10));
  return {net->parameters(), [net](torch::Tensor x) mutable { return net->forward(x); }};
}

}  // namespace

TEST_CASE("autograd equals a plain loop: 2nn") {
  const std::vector<std::string> layers{"flatten", "linear 200", "relu", "linear 200", "relu", "linear 10"};
  check_equal(layers, {.shape = {1, 28, 28}, .classes = 10}, two_layers(784));
  check_equal(layers, {.shape = {1, 28, 28}, .classes = 10}, two_layers(784), Dtype::float64);
}

TEST_CASE("autograd equals a plain loop: convolutions") {
  nn::Sequential net(nn::Conv2d(nn::Conv2dOptions(1, 6, 5).padding(2)), nn::ReLU(), nn::MaxPool2d(2),
                     nn::Conv2d(nn::Conv2dOptions(6, 16, 3).stride(2).bias(false)), nn::Tanh(),
                     nn::AvgPool2d(nn::AvgPool2dOptions(2).stride(1)), nn::Flatten(), nn::Linear(64, 4));
  check_equal({"conv 6 5 same", "relu", "maxpool 2", "conv 16 3 stride=2 nobias", "tanh", "avgpool 2 1", "flatten",
               "linear 4"},
              {.shape = {1, 16, 16}}, {net->parameters(), [net](torch::Tensor x) mutable { return net->forward(x); }});
}

TEST_CASE("autograd equals a plain loop: residual block with group norm") {
  nn::Conv2d first(nn::Conv2dOptions(3, 8, 3).padding(1)), second(nn::Conv2dOptions(8, 8, 3).padding(1)),
      side(nn::Conv2dOptions(3, 8, 1));
  nn::GroupNorm norm(nn::GroupNormOptions(2, 8));
  nn::Linear last(8, 4);
  Plain plain;
  for (const auto& module : {first.ptr()->parameters(), norm.ptr()->parameters(), second.ptr()->parameters(),
                             side.ptr()->parameters(), last.ptr()->parameters()})
    plain.parameters.insert(plain.parameters.end(), module.begin(), module.end());
  plain.forward = [=](torch::Tensor x) mutable {
    const torch::Tensor block = second(torch::gelu(norm(first(x)))) + side(x);
    return last(torch::relu(block).mean({2, 3}));
  };
  check_equal({"residual(conv 8 3 same, groupnorm 2, gelu, conv 8 3 same | conv 8 1)", "relu", "globalpool", "linear 4"},
              {.shape = {3, 8, 8}}, plain);
}

TEST_CASE("autograd equals a plain loop: embedding, LSTM, padding, a target at every position") {
  nn::Embedding embedding(12, 5);
  nn::LSTM lstm(nn::LSTMOptions(5, 6).num_layers(2).batch_first(true));
  nn::LayerNorm norm(nn::LayerNormOptions({6}));
  nn::Linear last(6, 12);
  Plain plain;
  for (const auto& module : {embedding.ptr()->parameters(), lstm.ptr()->parameters(), norm.ptr()->parameters(),
                             last.ptr()->parameters()})
    plain.parameters.insert(plain.parameters.end(), module.begin(), module.end());
  plain.forward = [=](torch::Tensor x) mutable { return last(norm(std::get<0>(lstm(embedding(x))))); };
  check_equal({"embedding 5", "lstm 6 2", "layernorm", "linear 12"},
              {.shape = {9}, .classes = 12, .targets = 9, .vocabulary = 12, .padded = true}, plain);
}
