// Same config, same seed, same bytes: for any number of threads and any number of repeats.
#include "catch.hpp"
#include "cli/images.h"

namespace fedsim::test {
namespace {

void check_threads(const std::string& tables, const std::vector<std::string>& sets = {}) {
  if (absent("fashion-mnist")) return;
  const TempFolder folder;
  const std::string toml = small_images(tables);
  const auto run = [&](const char* threads) {
    std::vector<std::string> more{"--threads", threads};
    for (const std::string& set : sets) more.insert(more.end(), {"--set", set});
    return run_images(folder, fmt::format("threads-{}", threads), toml, more);
  };
  const auto one = run("1");
  for (const char* threads : {"2", "3", "8"}) check_same_bytes(one, run(threads));
}

TEST_CASE("threads 1, 2, 3 and 8 give the same bytes: FedAvg, 2nn", "[cli][threads]") {
  check_threads("[model]\nname = \"2nn\"\n");
}

TEST_CASE("threads 1, 2, 3 and 8 give the same bytes: FedAvg, 2nn, one step a client", "[cli][threads]") {
  check_threads("[model]\nname = \"2nn\"\n[client]\nsteps = 1\nbatch_size = 16\n");
}

// Changes of one step, of a first layer in dual form (of one epoch with AVX-512 only), and written ones are summed together.
TEST_CASE("threads 1, 2, 3 and 8 give the same bytes: FedAvg, 2nn, 1 to 100 samples, one epoch and two", "[cli][threads]") {
  for (const char* epochs : {"client.epochs=1", "client.epochs=2"})
    check_threads("[model]\nname = \"2nn\"\n[client]\nbatch_size = 16\n",
                  {"partition.clients=100", "sampling.clients_per_round=60", epochs});
}

TEST_CASE("threads 1, 2, 3 and 8 give the same bytes: SCAFFOLD, lenet5, momentum", "[cli][threads]") {
  check_threads("[model]\nname = \"lenet5\"\n[client]\nbatch_size = 50\nlr = 0.02\n[algorithm]\nname = \"scaffold\"\n");
}

TEST_CASE("threads 1, 2, 3 and 8 give the same bytes: dropout, adam on the server, poisson", "[cli][threads]") {
  check_threads(
      "[model]\nlayers = [\"flatten\", \"linear 32\", \"relu\", \"dropout 0.5\", \"linear 10\"]\n"
      "[server]\noptimizer = \"adam\"\n");
}

TEST_CASE("another seed gives another result", "[cli][threads]") {
  if (absent("fashion-mnist")) return;
  const TempFolder folder;
  const std::string toml = small_images("[model]\nname = \"logistic\"\n");
  const auto first = run_images(folder, "first", toml), again = run_images(folder, "again", toml);
  check_same_bytes(first, again);
  const auto other = run_images(folder, "other", toml, {"--set", "seed=2"});
  CHECK(read_numbers(first, "/model/parameters") != read_numbers(other, "/model/parameters"));
  CHECK(read_numbers(first, "/partition/sizes") != read_numbers(other, "/partition/sizes"));
}

TEST_CASE("generated users are the same for any number of threads", "[cli][threads]") {
  const TempFolder folder;
  const auto config = folder.write("synthetic.toml",
                                   "rounds = 3\ndevice = \"cpu\"\n[data]\ndataset = \"synthetic\"\nalpha = 1.0\n"
                                   "beta = 1.0\nsamples_per_client = 100\n[partition]\nscheme = \"natural\"\n"
                                   "clients = 30\n[model]\nname = \"logistic\"\n");
  for (const char* threads : {"1", "3"})
    fedsim_ok(folder, {"run", config.string(), "-o", fmt::format("{}.h5", threads), "--threads", threads, "--quiet"});
  check_same_bytes(folder / "1.h5", folder / "3.h5");
}

}  // namespace
}  // namespace fedsim::test
