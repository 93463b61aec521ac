// What an algorithm equals when its knob is off, and what federated learning equals with one client.
#include <fmt/format.h>

#include "catch.hpp"
#include "cli/images.h"
#include "cli/quadratic.h"

namespace fedsim::test {
namespace {

TEST_CASE("FedProx with mu = 0 is FedAvg, bit for bit", "[cli][identity]") {
  if (absent("fashion-mnist")) return;
  const TempFolder folder;
  const std::string model = "[model]\nname = \"2nn\"\n[algorithm]\n";
  const auto fedavg = run_images(folder, "fedavg", small_images(model + "name = \"fedavg\"\n"));
  const auto prox = run_images(folder, "prox", small_images(model + "name = \"fedprox\"\nmu = 0.0\n"));
  const auto other = run_images(folder, "other", small_images(model + "name = \"fedprox\"\nmu = 1.0\n"));
  check_same_bytes(fedavg, prox);
  CHECK(read_numbers(fedavg, "/model/parameters") != read_numbers(other, "/model/parameters"));
}

TEST_CASE("server momentum 0 is server sgd, bit for bit", "[cli][identity]") {
  if (absent("fashion-mnist")) return;
  const TempFolder folder;
  const std::string model = "[model]\nname = \"logistic\"\n[server]\nlr = 0.7\n";
  const auto sgd = run_images(folder, "sgd", small_images(model + "optimizer = \"sgd\"\n"));
  const auto momentum = run_images(folder, "momentum", small_images(model + "optimizer = \"momentum\"\nmomentum = 0.0\n"));
  check_same_bytes(sgd, momentum);
}

TEST_CASE("SCAFFOLD's first round is FedAvg with uniform weights, bit for bit", "[cli][identity]") {
  if (absent("fashion-mnist")) return;
  const TempFolder folder;
  const std::string model = "[model]\nname = \"logistic\"\n";
  const auto scaffold = run_images(folder, "scaffold", small_images(model + "[algorithm]\nname = \"scaffold\"\n"), {"--set", "rounds=1"});
  const auto fedavg = run_images(folder, "fedavg", small_images(model + "[aggregate]\nweight = \"uniform\"\n"), {"--set", "rounds=1"});
  CHECK(read_numbers(scaffold, "/model/parameters") == read_numbers(fedavg, "/model/parameters"));
}

TEST_CASE("one client is plain gradient descent", "[cli][identity]") {
  // R rounds of K steps are R K steps of w -= eta a (w - b).
  const QuadraticRun experiment(Line{.a = {3}, .b = {2}, .start = -1});
  double w = -1;
  for (int step = 0; step < 4 * 6; ++step) w -= .05 * 3 * (w - 2);
  CHECK(experiment.model("rounds = 4", "[client]\nlr = 0.05\nsteps = 6\n")[0] == Approx(w).epsilon(1e-12));
}

TEST_CASE("FedNova with equal steps is FedAvg", "[cli][identity]") {
  const QuadraticRun experiment(Line{.a = {1, 4, 2}, .b = {0, 1, -3}, .samples = {5, 1, 2}});
  const std::string client = "[client]\nlr = 0.1\nsteps = 4\n";
  CHECK(experiment.model("rounds = 7", client + "[algorithm]\nname = \"fednova\"\n")[0] ==
        Approx(experiment.model("rounds = 7", client)[0]).epsilon(1e-12));
}

TEST_CASE("FedSGD does not depend on how the samples are spread", "[cli][identity]") {
  // One full-batch step a round, weighted by samples, is gradient descent on the pooled data: the split and the
  // number of clients change only the rounding of float64 sums.
  if (absent("fashion-mnist")) return;
  const TempFolder folder;
  const std::string toml =
      "rounds = 3\ndtype = \"float64\"\ndevice = \"cpu\"\n[data]\ndataset = \"fashion-mnist\"\ntrain_limit = 500\n"
      "[model]\nname = \"logistic\"\n[client]\nlr = 0.1\n[algorithm]\nname = \"fedsgd\"\n[partition]\n";
  const auto one = read_numbers(run_images(folder, "one", toml + "clients = 1\n"), "/model/parameters");
  const auto seven = read_numbers(
      run_images(folder, "seven", toml + "scheme = \"dirichlet\"\nalpha = 0.3\nclients = 7\n[sampling]\nfraction = 1.0\n"),
      "/model/parameters");
  REQUIRE(one.size() == 7850);
  REQUIRE(seven.size() == 7850);
  for (std::size_t i = 0; i < one.size(); ++i) REQUIRE(seven[i] == Approx(one[i]).margin(1e-11));
}

TEST_CASE("poisson sampling: an empty round leaves the model alone", "[cli][identity]") {
  // Each of 2 clients is drawn with probability 1/2: a quarter of the rounds is empty, and the mean cohort is 1.
  const QuadraticRun experiment(Line{.a = {1, 1}, .b = {1, 2}});
  const auto result = experiment.run("rounds = 200",
                                     "[client]\nlr = 0.5\nsteps = 1\n[sampling]\nscheme = \"poisson\"\nclients_per_round = 1\n");
  const auto clients = read_numbers(result, "/rounds/clients"), loss = read_numbers(result, "/rounds/test_loss");
  REQUIRE(clients.size() == 201);
  double total = 0, empty = 0;
  for (std::size_t round = 1; round < clients.size(); ++round) {
    total += clients[round];
    if (clients[round] > 0) continue;
    ++empty;
    CHECK(loss[round] == loss[round - 1]);
  }
  // Four standard deviations: sqrt(200 * 2 * 1/4) = 10 and sqrt(200 * 1/4 * 3/4) = 6.1.
  CHECK(total == Approx(200).margin(40));
  CHECK(empty == Approx(50).margin(25));
  CHECK(read_numbers(result, "/clients/client").size() == static_cast<std::size_t>(total));
}

}  // namespace
}  // namespace fedsim::test
