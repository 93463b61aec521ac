// A run that was killed, stopped or extended has the bytes of one that never was.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "catch.hpp"
#include "cli/images.h"

extern char** environ;

namespace fedsim::test {
namespace {

// Momentum on the server and SCAFFOLD's controls: state of the server, of an optimiser and of clients.
const std::string stateful =
    "rounds = 30\n[data]\ndataset = \"synthetic\"\nsamples_per_client = 200\n[partition]\nscheme = \"natural\"\n"
    "clients = 20\n[model]\nname = \"logistic\"\n[sampling]\nclients_per_round = 7\n[algorithm]\nname = \"scaffold\"\n"
    "[server]\noptimizer = \"momentum\"\n[output]\ncheckpoint_every = 2\n";

std::size_t lines_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::size_t count = 0;
  while (std::getline(file, line)) ++count;
  return count;
}

/// Starts a run, sends `number` once `rounds` rows stand in its live log, and returns how it ended (128 + n by signal n).
int run_and_signal(const TempFolder& folder, const std::string& config, const std::string& output, int number,
                   std::size_t rounds) {
  const std::string program = std::getenv("FEDSIM_BINARY"), result = (folder / output).string();
  std::vector<std::string> words{program, "run", config, "-o", result, "--quiet", "--resume"};
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  REQUIRE(posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments.data(), environ) == 0);
  const auto log = std::filesystem::path(result).replace_extension(".jsonl");
  const auto begin = std::chrono::steady_clock::now();
  while (lines_of(log) < rounds && std::chrono::steady_clock::now() - begin < std::chrono::seconds(60))
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ::kill(child, number);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void finish_and_compare(const TempFolder& folder, const std::string& config) {
  fedsim_ok(folder, {"run", config, "-o", "cut.h5", "--quiet", "--resume"});
  fedsim_ok(folder, {"run", config, "-o", "whole.h5", "--quiet"});
  check_same_bytes(folder / "cut.h5", folder / "whole.h5");
  fedsim_ok(folder, {"show", "cut.h5", "--verify"});
}

TEST_CASE("killed and resumed, a run has the bytes of one that never was", "[cli][resume]") {
  const TempFolder folder;
  const std::string config = folder.write("s.toml", stateful).string();
  CHECK(run_and_signal(folder, config, "cut.h5", SIGKILL, 5) == 128 + SIGKILL);
  CHECK(run_and_signal(folder, config, "cut.h5", SIGKILL, 12) == 128 + SIGKILL);
  finish_and_compare(folder, config);
}

TEST_CASE("SIGTERM and SIGUSR1 end a run with 75, SIGINT with 130, all resumable", "[cli][resume]") {
  const TempFolder folder;
  const std::string config = folder.write("s.toml", stateful).string();
  CHECK(run_and_signal(folder, config, "cut.h5", SIGTERM, 4) == 75);
  CHECK(fedsim_ok(folder, {"show", "cut.h5"}).out.find("stopped") != std::string::npos);
  CHECK(run_and_signal(folder, config, "cut.h5", SIGUSR1, 8) == 75);
  CHECK(run_and_signal(folder, config, "cut.h5", SIGINT, 13) == 130);
  finish_and_compare(folder, config);
}

TEST_CASE("a finished run is extended by more rounds", "[cli][resume]") {
  const TempFolder folder;
  const std::string config = folder.write("s.toml", stateful).string();
  fedsim_ok(folder, {"run", config, "-o", "cut.h5", "--quiet", "--set", "rounds=11"});
  finish_and_compare(folder, config);
  const Outcome again = fedsim_ok(folder, {"run", config, "-o", "cut.h5", "--resume"});
  CHECK(has(again.err, "nothing to do"));
}

TEST_CASE("resuming with another config is refused and shows the difference", "[cli][resume]") {
  const TempFolder folder;
  const std::string config = folder.write("s.toml", stateful).string();
  CHECK(run_and_signal(folder, config, "cut.h5", SIGKILL, 5) == 128 + SIGKILL);
  const Outcome other = fedsim(folder, {"run", config, "-o", "cut.h5", "--resume", "--set", "client.lr=0.5"});
  CHECK(other.exit == 2);
  CHECK(has(other.err, "- lr = 0.05"));
  CHECK(has(other.err, "+ lr = 0.5"));
}

}  // namespace
}  // namespace fedsim::test
