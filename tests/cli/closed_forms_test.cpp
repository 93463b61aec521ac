// Algorithms against pencil and paper, through the public command, in float64, to 1e-9. Notation: quadratic.h.
#include <fmt/format.h>

#include <cmath>

#include "catch.hpp"
#include "cli/quadratic.h"

namespace fedsim::test {
namespace {

constexpr double exact = 1e-9;

TEST_CASE("FedAvg: every iterate and the fixed point", "[cli][closed]") {
  // w' = sum_k p_k (w + q_k (b_k - w)), a contraction to w* = sum p_k q_k b_k / sum p_k q_k. With eta .1, K 10:
  // q = (1 - .9^10, 1 - .6^10) = (.6513215599, .9939533824), w* = .9939533824 / 1.6452749423 = .604126: not the
  // minimum of the mean loss, which is (1 0 + 4 1) / (1 + 4) = .8. That gap is client drift.
  const QuadraticRun experiment(Line{.a = {1, 4}, .b = {0, 1}, .start = 3});
  const double q0 = progress(.1, 1, 10), q1 = progress(.1, 4, 10);
  const std::string client = "[client]\nlr = 0.1\nsteps = 10\n";

  const auto result = experiment.run("rounds = 40", client);
  const auto loss = read_numbers(result, "/rounds/test_loss");
  REQUIRE(loss.size() == 41);
  double w = 3;
  for (std::size_t round = 0; round <= 40; ++round) {
    CHECK(loss[round] == Approx((w * w / 2 + 2 * (w - 1) * (w - 1)) / 2).margin(exact));
    w += (q0 * (0 - w) + q1 * (1 - w)) / 2;
  }
  CHECK(read_numbers(result, "/model/parameters")[0] == Approx(q1 / (q0 + q1)).margin(exact));
  CHECK(q1 / (q0 + q1) == Approx(.604126).margin(1e-6));
  CHECK(experiment.model("rounds = 0", client)[0] == 3);
  CHECK(experiment.model("rounds = 1", client)[0] == Approx(3 - (3 * q0 + 2 * q1) / 2).margin(exact));
}

TEST_CASE("FedAvg: weights by samples, or uniform", "[cli][closed]") {
  const QuadraticRun experiment(Line{.a = {1, 4}, .b = {0, 1}, .samples = {30, 10}});
  const double q0 = progress(.1, 1, 10), q1 = progress(.1, 4, 10);
  const std::string client = "[client]\nlr = 0.1\nsteps = 10\n";
  CHECK(experiment.model("rounds = 1", client)[0] == Approx(q1 / 4).margin(exact));
  CHECK(experiment.model("rounds = 60", client)[0] == Approx(q1 / (3 * q0 + q1)).margin(exact));
  CHECK(experiment.model("rounds = 1", client + "[aggregate]\nweight = \"uniform\"\n")[0] == Approx(q1 / 2).margin(exact));
  // The test loss is always weighted by samples: at w = 0 it is 1/4 of 4/2.
  CHECK(read_numbers(experiment.run("rounds = 0", client), "/rounds/test_loss")[0] == Approx(.5).margin(exact));
}

TEST_CASE("FedAvg: clients with steps of their own", "[cli][closed]") {
  // /steps of the file wins over client.steps.
  const QuadraticRun experiment(Line{.a = {1, 4}, .b = {0, 1}, .steps = {2, 7}});
  const double q0 = progress(.1, 1, 2), q1 = progress(.1, 4, 7);
  const auto result = experiment.run("rounds = 80", "[client]\nlr = 0.1\nsteps = 3\n");
  CHECK(read_numbers(result, "/model/parameters")[0] == Approx(q1 / (q0 + q1)).margin(exact));
  const auto steps = read_numbers(result, "/clients/steps");
  REQUIRE(steps.size() == 160);
  const auto client = read_numbers(result, "/clients/client");
  for (std::size_t row = 0; row < steps.size(); ++row) CHECK(steps[row] == (client[row] == 0 ? 2 : 7));
}

TEST_CASE("local rate: lr_decay, momentum, weight decay", "[cli][closed]") {
  const QuadraticRun experiment(Line{.a = {2}, .b = {5}});
  SECTION("round t uses lr lr_decay^(t-1)") {
    double w = 0;
    for (int round = 0; round < 3; ++round) w -= .1 * std::pow(.5, round) * 2 * (w - 5);
    CHECK(experiment.model("rounds = 3", "[client]\nlr = 0.1\nlr_decay = 0.5\nsteps = 1\n")[0] == Approx(w).margin(exact));
  }
  SECTION("heavy-ball momentum, its buffer new every round") {
    double w = 0;
    for (int round = 0; round < 2; ++round) {
      double v = 0;
      for (int step = 0; step < 3; ++step) {
        v = .9 * v + 2 * (w - 5);
        w -= .1 * v;
      }
    }
    CHECK(experiment.model("rounds = 2", "[client]\nlr = 0.1\nmomentum = 0.9\nsteps = 3\n")[0] == Approx(w).margin(exact));
  }
  SECTION("weight decay moves the fixed point: 2 (w - 5) + w = 0") {
    CHECK(experiment.model("rounds = 100", "[client]\nlr = 0.1\nweight_decay = 1.0\nsteps = 3\n")[0] ==
          Approx(10. / 3).margin(exact));
  }
}

TEST_CASE("FedProx: the proximal term holds clients near the global model", "[cli][closed]") {
  // A step is  w_k -= eta (a (w_k - b) + mu (w_k - w)): a contraction by r = 1 - eta (a + mu) towards
  // v = (a b + mu w) / (a + mu), so Delta_k = (1 - r^K) (v - w) = Q_k (b_k - w), Q_k = (1 - r^K) a / (a + mu).
  const QuadraticRun experiment(Line{.a = {1, 4}, .b = {0, 1}});
  const double mu = .7;
  const double q0 = progress(.1, 1 + mu, 10) * 1 / (1 + mu), q1 = progress(.1, 4 + mu, 10) * 4 / (4 + mu);
  const std::string tables = fmt::format("[client]\nlr = 0.1\nsteps = 10\n[algorithm]\nname = \"fedprox\"\nmu = {}\n", mu);
  CHECK(experiment.model("rounds = 1", tables)[0] == Approx(q1 / 2).margin(exact));
  CHECK(experiment.model("rounds = 60", tables)[0] == Approx(q1 / (q0 + q1)).margin(exact));
}

TEST_CASE("SCAFFOLD: no drift", "[cli][closed]") {
  const std::string tables = "[client]\nlr = 0.1\nsteps = 5\n[algorithm]\nname = \"scaffold\"\n";
  SECTION("one dimension: sum a_k b_k / sum a_k, where FedAvg stays at .60") {
    const QuadraticRun experiment(Line{.a = {1, 4}, .b = {0, 1}});
    const double q0 = progress(.1, 1, 5), q1 = progress(.1, 4, 5);
    CHECK(experiment.model("rounds = 1", tables)[0] == Approx(q1 / 2).margin(exact));  // c = 0: FedAvg's first round
    CHECK(experiment.model("rounds = 400", tables)[0] == Approx(.8).margin(exact));
    CHECK(experiment.model("rounds = 400", "[client]\nlr = 0.1\nsteps = 5\n")[0] ==
          Approx(q1 / (q0 + q1)).margin(exact));
  }
  SECTION("every iterate, from the two update rules of the paper") {
    // y <- y - eta (a (y - b) - c_k + c), K times; c_k <- c_k - c + (w - y) / (K eta); c <- mean c_k (all take part).
    const QuadraticRun experiment(Line{.a = {1, 4}, .b = {0, 1}, .samples = {9, 1}});  // weight "auto" is uniform
    const double a[] = {1, 4}, b[] = {0, 1};
    double w = 0, c = 0, control[] = {0, 0};
    const auto loss = read_numbers(experiment.run("rounds = 20", tables), "/rounds/test_loss");
    REQUIRE(loss.size() == 21);
    for (const double at_round : loss) {
      CHECK(at_round == Approx((9 * w * w / 2 + 2 * (w - 1) * (w - 1)) / 10).margin(exact));
      double y[] = {w, w}, next = 0;
      for (int k = 0; k < 2; ++k) {
        for (int step = 0; step < 5; ++step) y[k] -= .1 * (a[k] * (y[k] - b[k]) - control[k] + c);
        control[k] += -c + (w - y[k]) / (5 * .1);
        next += control[k] / 2;
      }
      w = (y[0] + y[1]) / 2;
      c = next;
    }
  }
  SECTION("unequal numbers of steps do not move the fixed point") {
    const QuadraticRun experiment(Line{.a = {1, 4}, .b = {0, 1}, .steps = {2, 6}});
    CHECK(experiment.model("rounds = 600", tables)[0] == Approx(.8).margin(exact));
  }
  SECTION("two dimensions: (H_1 + H_2)^-1 (H_1 c_1 + H_2 c_2)") {
    // H_1 = [2 1; 1 2], c_1 = (1, 0), H_2 = [1 0; 0 3], c_2 = (0, 2): H_1 c_1 + H_2 c_2 = (2, 1) + (0, 6) = (2, 7);
    // H = [3 1; 1 5], det 14: w* = (5 2 - 7, -2 + 3 7) / 14 = (3, 19) / 14.
    const QuadraticRun experiment(
        QuadraticFile{.dimension = 2, .hessian = {2, 1, 1, 2, 1, 0, 0, 3}, .center = {1, 0, 0, 2}});
    const auto w = experiment.model("rounds = 400", tables);
    REQUIRE(w.size() == 2);
    CHECK(w[0] == Approx(3. / 14).margin(exact));
    CHECK(w[1] == Approx(19. / 14).margin(exact));
  }
}

TEST_CASE("FedNova: unequal steps do not bias the objective", "[cli][closed]") {
  // w' = w + tau_eff sum p_k Delta_k / tau_k, tau_eff = sum p_k tau_k, Delta_k = q_k (b_k - w): the fixed point is
  // sum p_k (q_k / tau_k) b_k / sum p_k (q_k / tau_k). Where eta -> 0, q_k / tau_k -> eta a_k: the true optimum .8.
  const QuadraticRun experiment(Line{.a = {1, 4}, .b = {0, 1}, .samples = {1, 3}, .steps = {2, 8}});
  const double q0 = progress(.05, 1, 2), q1 = progress(.05, 4, 8);
  const double tau = (2 * 1 + 8 * 3) / 4.;
  const std::string tables = "[client]\nlr = 0.05\n[algorithm]\nname = \"fednova\"\n";
  CHECK(experiment.model("rounds = 1", tables)[0] == Approx(tau * .75 * q1 / 8).margin(exact));
  CHECK(experiment.model("rounds = 120", tables)[0] ==
        Approx(3 * q1 / 8 / (q0 / 2 + 3 * q1 / 8)).margin(exact));
}

TEST_CASE("FedSGD: gradient descent on the weighted mean loss", "[cli][closed]") {
  // w' = w - eta sum p_k a_k (w - b_k), p = (1/4, 3/4): w* = 12/13, contraction 1 - eta 13/4.
  const QuadraticRun experiment(Line{.a = {1, 4}, .b = {0, 1}, .samples = {1, 3}});
  const double w = 12. / 13 * (1 - std::pow(1 - .1 * 13 / 4, 5));
  CHECK(experiment.model("rounds = 5", "[client]\nlr = 0.1\n[algorithm]\nname = \"fedsgd\"\n")[0] == Approx(w).margin(exact));
  CHECK(experiment.model("rounds = 5", "[client]\nlr = 0.1\nsteps = 1\n")[0] == Approx(w).margin(exact));
}

TEST_CASE("the record of a quadratic run", "[cli][closed]") {
  const QuadraticRun experiment(Line{.a = {1, 4}, .b = {0, 1}, .samples = {3, 1}});
  const auto result = experiment.run("rounds = 2", "[client]\nlr = 0.1\nsteps = 2\n");
  CHECK(read_attribute(result, "format") == "fedsim-result");
  CHECK(read_attribute(result, "status") == "complete");
  CHECK(read_integer_attribute(result, "committed_rounds") == 3);
  CHECK(read_numbers(result, "/rounds/round") == std::vector<double>{0, 1, 2});
  CHECK(read_numbers(result, "/rounds/clients") == std::vector<double>{0, 2, 2});
  CHECK(read_numbers(result, "/clients/round") == std::vector<double>{1, 1, 2, 2});
  CHECK(read_numbers(result, "/clients/samples") == std::vector<double>{3, 1, 3, 1});
  CHECK(read_numbers(result, "/clients/steps") == std::vector<double>{2, 2, 2, 2});
  CHECK(read_numbers(result, "/partition/sizes") == std::vector<double>{3, 1});
  for (const double accuracy : read_numbers(result, "/rounds/test_accuracy")) CHECK(std::isnan(accuracy));
  // Both clients start at 0. Client 1: f = 2 (w-1)^2, w: 0, .4, so its losses before the steps are 2 and .72.
  CHECK(read_numbers(result, "/clients/train_loss")[1] == Approx((2 + .72) / 2).margin(exact));
  CHECK(read_numbers(result, "/clients/update_norm")[1] == Approx(progress(.1, 4, 2)).margin(exact));
  // train_loss of the round: over every sample processed, 3 of them at loss 0.
  CHECK(read_numbers(result, "/rounds/train_loss")[1] == Approx((2 + .72) / 2 / 4).margin(exact));
}

}  // namespace
}  // namespace fedsim::test
