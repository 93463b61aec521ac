// Two quadratic clients f_k(w) = a_k/2 (w - b_k)^2, a = 1, 4, b = 0, 1: the optimum of the plain mean is
// sum a_k b_k / sum a_k = 0.8. K steps of size lr give w_k = b_k + (1 - lr a_k)^K (w - b_k), so with
// q_k = 1 - (1 - lr a_k)^K FedAvg stops at sum q_k b_k / sum q_k.
#include <cmath>
#include <cstring>
#include <vector>

#include "aggregate/add.h"
#include "catch.hpp"
#include "quadratic_trainer.h"
#include "server/optimizer.h"

using namespace fedsim;
using testing::QuadraticTrainer;
using testing::scalar;

namespace {

/// Options as a config would give them: numbers and words by name.
class Given final : public OptionVisitor {
 public:
  std::map<std::string, double, std::less<>> numbers;
  std::map<std::string, std::string, std::less<>> words;
  void operator()(std::string_view name, double& value, Range, std::string_view) override {
    if (const auto found = numbers.find(name); found != numbers.end()) value = found->second;
  }
  void operator()(std::string_view, std::int64_t&, Range, std::string_view) override {}
  void operator()(std::string_view, bool&, std::string_view) override {}
  void operator()(std::string_view name, std::string& value, const Choices&, std::string_view) override {
    if (const auto found = words.find(name); found != words.end()) value = found->second;
  }
  void operator()(std::string_view, Path&, std::string_view) override {}
  void operator()(std::string_view, Bytes&, std::string_view) override {}
  void operator()(std::string_view, std::vector<std::string>&, std::string_view) override {}
  void operator()(std::string_view, std::vector<double>&, Range, std::string_view) override {}
  void operator()(std::string_view, std::optional<double>&, Range, std::string_view) override {}
  void operator()(std::string_view, std::optional<std::int64_t>&, Range, std::string_view) override {}
};

struct Client {
  double a, b;
  std::int64_t steps;
};

/// A miniature of the round loop: every client takes part, weights 1.
struct Federation {
  std::vector<Client> clients{{1, 0, 10}, {4, 1, 10}};
  double lr = 0.1, momentum = 0;
  Given options{};
  std::vector<ClientState> states{};
  State server{};

  double run(const char* name, int rounds, double start = 0) {
    const auto algorithm = Registry<Algorithm>::find(name)->make(options);
    Given plain;
    const auto optimizer = Registry<ServerOptimizer>::find("sgd")->make(plain);
    const auto rule = Registry<AggregateRule>::find("mean")->make(plain);
    states.assign(clients.size(), {});
    server = State{.w = scalar(start), .vectors = {}};
    algorithm->init(server);
    const auto n = static_cast<std::int64_t>(clients.size());
    for (int t = 1; t <= rounds; ++t) {
      Round round{.index = t, .population = n, .cohort = n, .client_lr = lr, .local = {}, .seed = 1};
      round.local.momentum = momentum;
      const auto sum = rule->open(n);
      for (std::size_t k = 0; k < clients.size(); ++k) {
        QuadraticTrainer trainer(clients[k].a, clients[k].b, clients[k].steps, lr, momentum);
        auto task = algorithm->client(round, server, states[k], trainer);
        REQUIRE(task.run_until_wait());
        REQUIRE(fedsim::testing::add(*sum, task.take(), 1));
      }
      optimizer->step(server, algorithm->server(round, server, sum->close()));
    }
    return server.w.at(0);
  }
};

}  // namespace

TEST_CASE("FedAvg: first iterate and fixed point in closed form") {
  Federation f;
  const double q0 = 1 - std::pow(0.9, 10), q1 = 1 - std::pow(0.6, 10);
  CHECK(f.run("fedavg", 1, 3.0) == Approx((3 * (1 - q0) + 1 + 2 * (1 - q1)) / 2).epsilon(1e-13));
  CHECK(f.run("fedavg", 200) == Approx(q1 / (q0 + q1)).epsilon(1e-12));
}

TEST_CASE("FedProx: the proximal term enters the contraction; mu = 0 is FedAvg bit for bit") {
  // w_k+1 = w_k - lr (a (w_k - b) + mu (w_k - w)): fixed point of a step b* = (a b + mu w)/(a + mu), contraction
  // 1 - lr (a + mu). The server's fixed point solves sum_k q_k (b*_k - w) = 0, b*_k - w = a_k (b_k - w)/(a_k + mu).
  Federation f;
  f.options.numbers["mu"] = 2.0;
  const double q0 = (1 - std::pow(0.7, 10)) / 3, q1 = (1 - std::pow(0.4, 10)) * 4 / 6;
  CHECK(f.run("fedprox", 400) == Approx(q1 / (q0 + q1)).epsilon(1e-12));
  f.options.numbers["mu"] = 0.0;
  const double prox = f.run("fedprox", 7, 0.3);
  CHECK(prox == f.run("fedavg", 7, 0.3));
}

TEST_CASE("SCAFFOLD reaches the true optimum, and c is the mean of the c_k") {
  for (const char* option : {"I", "II"}) {
    Federation f;
    f.options.words["option"] = option;
    CHECK(f.run("scaffold", 300) == Approx(0.8).epsilon(1e-12));
    CHECK(f.server["c"].at(0) == Approx((f.states[0].vectors.at("c").at(0) + f.states[1].vectors.at("c").at(0)) / 2).margin(1e-13));
  }
}

TEST_CASE("SCAFFOLD's first round is FedAvg's with plain means") {
  Federation f;
  CHECK(f.run("scaffold", 1, 3.0) == f.run("fedavg", 1, 3.0));
}

TEST_CASE("FedNova: unequal steps no longer move the fixed point by their number") {
  // K = 1 and 20 steps: d_k = q_k (b_k - w)/K_k, so the fixed point is sum (q_k/K_k) b_k / sum q_k/K_k.
  Federation f;
  f.clients = {{1, 0, 1}, {4, 1, 20}};
  const double d0 = 0.1, d1 = (1 - std::pow(0.6, 20)) / 20;
  CHECK(f.run("fednova", 500) == Approx(d1 / (d0 + d1)).epsilon(1e-11));
  const double q1 = 1 - std::pow(0.6, 20);
  CHECK(f.run("fedavg", 500) == Approx(q1 / (0.1 + q1)).epsilon(1e-11));
}

TEST_CASE("FedNova with equal steps is FedAvg, with momentum too") {
  Federation f;
  CHECK(f.run("fednova", 9, 0.3) == Approx(f.run("fedavg", 9, 0.3)).epsilon(1e-13));
  f.momentum = 0.9;
  f.lr = 0.01;
  CHECK(f.run("fednova", 9, 0.3) == Approx(f.run("fedavg", 9, 0.3)).epsilon(1e-12));
}

TEST_CASE("FedSGD is gradient descent on the mean loss") {
  // w+ = w - lr mean a_k (w - b_k) = w - 0.1 (0.5 w + 2 (w - 1)); from 2: 2 - 0.1 (1 + 2) = 1.7.
  Federation f;
  CHECK(f.run("fedsgd", 1, 2.0) == Approx(1.7).epsilon(1e-14));
  CHECK(f.run("fedsgd", 400) == Approx(0.8).epsilon(1e-12));
}

TEST_CASE("a client without steps leaves every algorithm finite") {
  for (const char* name : {"fedavg", "fedprox", "scaffold", "fednova"}) {
    Federation f;
    f.clients[0].steps = 0;
    CHECK(std::isfinite(f.run(name, 3)));
  }
}
