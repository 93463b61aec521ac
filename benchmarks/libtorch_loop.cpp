// The plain loop that a researcher would write in C++ with torch::nn: a peer of fedsim on the workloads. One
// std::thread a worker, one intra-op thread each; the data in float tensors, in the order of the clients; the
// parameters are views of one flat tensor, so that a client starts with one copy and joins the sum with one axpy.
// Prints one line of JSON, as benchmarks/peers do. It reads configs and data with fedsim's own readers.
// Usage: fedsim_bench_libtorch_loop --workload w1 [--rounds N] [--threads N] [--seed N], or --version
#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <numeric>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "libtorch_models.h"
#include "run/prepare.h"

namespace {

using torch::Tensor;

struct Arguments {
  std::string workload = "w1";
  int rounds = 3, threads = 2;
  std::uint64_t seed = 1;
};

/// Rows as tensors: x float (int64 for tokens), y int64.
std::pair<Tensor, Tensor> tensors(const fedsim::Dataset& data, const fedsim::Samples& samples,
                                  const std::vector<std::int64_t>& rows) {
  std::vector<std::int64_t> shape{static_cast<std::int64_t>(rows.size())}, targets = shape;
  shape.insert(shape.end(), data.sample_shape.begin(), data.sample_shape.end());
  if (data.targets > 1) targets.push_back(data.targets);
  const Tensor x = torch::empty(shape), y = torch::empty(targets, torch::kInt32);
  samples.gather(rows, x.data_ptr<float>(), y.data_ptr<std::int32_t>());
  return {data.vocabulary > 0 ? x.to(torch::kLong) : x, y.to(torch::kLong)};
}

struct Worker {
  torch::nn::Sequential model;
  std::vector<Tensor> parameters;
  Tensor flat, sum;  // [d]

  explicit Worker(const std::string& name) : model(bench::build(name)), parameters(model->parameters()) {
    std::vector<Tensor> parts;
    for (const Tensor& p : parameters) parts.push_back(p.detach().reshape(-1));
    flat = torch::cat(parts);
    sum = torch::zeros_like(flat);
    std::int64_t at = 0;
    for (Tensor& p : parameters) {
      p.set_data(flat.narrow(0, at, p.numel()).view_as(p));
      at += p.numel();
    }
  }

  void train(const Tensor& x, const Tensor& y, std::int64_t batch, double lr) {
    for (const Tensor& rows : torch::randperm(x.size(0)).split(batch)) {
      const Tensor loss =
          torch::nn::functional::cross_entropy(model->forward(x.index_select(0, rows)), y.index_select(0, rows));
      const auto gradients = torch::autograd::grad({loss}, parameters);
      const torch::NoGradGuard guard;
      for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].add_(gradients[i], -lr);
    }
  }
};

/// Seconds since this process was started: field 22 of /proc/self/stat, in hundredths since boot.
double since_start() {
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec) - std::stod(field) / 100;
}

double accuracy(Worker& worker, const Tensor& x, const Tensor& y) {
  const torch::NoGradGuard guard;
  std::int64_t right = 0;
  for (std::int64_t at = 0; at < x.size(0); at += 500) {
    const std::int64_t count = std::min<std::int64_t>(500, x.size(0) - at);
    const Tensor guess = worker.model->forward(x.narrow(0, at, count)).argmax(1);
    right += guess.eq(y.narrow(0, at, count)).sum().item<std::int64_t>();
  }
  return static_cast<double>(right) / static_cast<double>(y.numel());
}

Arguments parse(int argc, char** argv) {
  Arguments result;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--workload") result.workload = value;
    else if (name == "--rounds") result.rounds = std::stoi(value);
    else if (name == "--threads") result.threads = std::stoi(value);
    else if (name == "--seed") result.seed = std::stoull(value);
    else throw std::invalid_argument("unknown argument " + name);
  }
  return result;
}

/// The cohort's clients, taken one by one from a common counter; the sum of their parameters, weighted by samples.
struct Round {
  std::vector<std::int64_t> cohort;
  std::atomic<std::size_t> next{0};
};

struct Federation {
  fedsim::Experiment experiment;
  fedsim::Prepared prepared;
  Tensor x, y;  // the clients' rows, one client after the other

  explicit Federation(const Arguments& args)
      : experiment(fedsim::read_experiment(fmt::format("{}/{}.toml", FEDSIM_WORKLOADS, args.workload),
                                           {fmt::format("seed={}", args.seed)})),
        prepared(fedsim::prepare(experiment)) {
    const auto& indices = prepared.partition.indices;
    std::tie(x, y) = tensors(prepared.data, *prepared.data.train, {indices.begin(), indices.end()});
  }

  void train_share(Worker& worker, Round& round, const Tensor& global) const {
    worker.sum.zero_();
    for (std::size_t k; (k = round.next++) < round.cohort.size();) {
      const auto client = round.cohort[k], samples = prepared.partition.size(client);
      const auto first = prepared.partition.offsets[static_cast<std::size_t>(client)];
      worker.flat.copy_(global);
      worker.train(x.narrow(0, first, samples), y.narrow(0, first, samples), experiment.client.batch_size,
                   experiment.client.lr);
      worker.sum.add_(worker.flat, static_cast<double>(samples));
    }
  }
};

/// Prints the line. Steady rounds: all but the first.
void report(const std::vector<double>& rounds, double first, double test_accuracy) {
  fmt::print("{{\"round_seconds\": [{}], \"first_round_seconds\": {:.3f}, \"test_accuracy\": {:.6f}}}\n",
             fmt::join(rounds, ", "), first, test_accuracy);
}

void run(const Arguments& args) {
  torch::manual_seed(args.seed);
  torch::set_num_threads(1);
  const Federation federation(args);
  std::vector<Worker> workers;
  for (int t = 0; t < args.threads; ++t) workers.emplace_back(federation.experiment.model.name);
  const Tensor global = workers[0].flat.clone();
  Round round;
  std::barrier together(args.threads);
  std::vector<std::thread> helpers;
  for (int t = 1; t < args.threads; ++t)
    helpers.emplace_back([&, t] {
      torch::set_num_threads(1);
      for (int r = 0; r < args.rounds; ++r) {
        together.arrive_and_wait();
        federation.train_share(workers[static_cast<std::size_t>(t)], round, global);
        together.arrive_and_wait();
      }
    });
  std::vector<std::int64_t> population(static_cast<std::size_t>(federation.prepared.partition.clients()));
  std::iota(population.begin(), population.end(), 0);
  std::mt19937_64 random(args.seed);
  const auto cohort_size = federation.experiment.sampling.cohort(federation.prepared.partition.clients());
  std::vector<double> seconds;
  double first = 0;
  for (int r = 0; r < args.rounds; ++r) {
    const auto begin = std::chrono::steady_clock::now();
    round.cohort.clear();
    std::sample(population.begin(), population.end(), std::back_inserter(round.cohort), cohort_size, random);
    round.next = 0;
    together.arrive_and_wait();
    federation.train_share(workers[0], round, global);
    together.arrive_and_wait();
    double samples = 0;
    for (const auto client : round.cohort) samples += static_cast<double>(federation.prepared.partition.size(client));
    global.zero_();
    for (const Worker& worker : workers) global.add_(worker.sum, 1 / samples);
    if (r == 0) first = since_start();
    else seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  for (auto& helper : helpers) helper.join();
  workers[0].flat.copy_(global);
  const auto& test = *federation.prepared.data.test;
  std::vector<std::int64_t> rows(static_cast<std::size_t>(test.size()));
  std::iota(rows.begin(), rows.end(), 0);
  const auto [x_test, y_test] = tensors(federation.prepared.data, test, rows);
  report(seconds, first, accuracy(workers[0], x_test, y_test));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--version") {
    fmt::print("{}\n", TORCH_VERSION);
    return 0;
  }
  try {
    run(parse(argc, argv));
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
