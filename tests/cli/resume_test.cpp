// A run that was killed, stopped or extended has the bytes of one that never was.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
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

TEST_CASE("a result does not depend on how much memory the clients' states have, killed and resumed or not", "[cli][resume]") {
  const TempFolder folder;
  // 20 clients keep 610 numbers each: none, some and all of them in memory.
  const std::string config = folder.write("s.toml", stateful).string();
  fedsim_ok(folder, {"run", config, "-o", "whole.h5", "--quiet"});
  CHECK_FALSE(std::filesystem::exists(folder / "whole.state"));
  for (const char* memory : {"0", "10kB"}) {
    const std::string small = folder.write("small.toml", fmt::format("{}state_memory = \"{}\"\n", stateful, memory)).string();
    CHECK(run_and_signal(folder, small, "cut.h5", SIGKILL, 5) == 128 + SIGKILL);
    CHECK(std::filesystem::exists(folder / "cut.state"));
    CHECK(run_and_signal(folder, small, "cut.h5", SIGTERM, 12) == 75);
    CHECK(run_and_signal(folder, small, "cut.h5", SIGKILL, 20) == 128 + SIGKILL);
    fedsim_ok(folder, {"run", small, "-o", "cut.h5", "--quiet", "--resume"});
    check_same_bytes(folder / "cut.h5", folder / "whole.h5");
    CHECK(read_attribute(folder / "cut.h5", "config_hash") == read_attribute(folder / "whole.h5", "config_hash"));
    fedsim_ok(folder, {"run", small, "-o", "cut.h5", "--quiet", "--force", "--set", "rounds=1"});  // nothing old is left
    std::filesystem::remove(folder / "cut.h5");
    std::filesystem::remove(folder / "cut.ckpt");
  }
}

TEST_CASE("clients drawn twice in a round that does not fit into memory leave the same states, whatever runs first", "[cli][resume]") {
  const TempFolder folder;
  const std::string config = folder.write("s.toml", stateful).string();
  // 1,500 draws of 1,500 clients that keep 2.4 KB each: 950 of them, more than the megabyte that may wait.
  const auto run = [&](const char* output, const char* threads, const char* memory, const char* order) {
    std::vector<std::string> words{"run", config, "-o", output, "--quiet", "--force", "--threads", threads};
    for (const char* set : {"rounds=4", "data.samples_per_client=10", "partition.clients=1500", "sampling.scheme=\"weighted\"",
                            "sampling.replacement=true", "sampling.clients_per_round=1500", memory})
      words.insert(words.end(), {"--set", set});
    fedsim_ok(folder, words, {{"FEDSIM_SHUFFLE_CLIENTS", order}});
  };
  run("whole.h5", "1", "output.state_memory=\"1GB\"", "0");
  CHECK_FALSE(std::filesystem::exists(folder / "whole.state"));
  for (const char* order : {"1", "2"}) {
    run("spilt.h5", "3", "output.state_memory=\"8kB\"", order);
    CHECK(std::filesystem::exists(folder / "spilt.state"));
    check_same_bytes(folder / "spilt.h5", folder / "whole.h5");
  }
}

TEST_CASE("states that the disk has no room for are refused before training, with the sum", "[cli][resume]") {
  const TempFolder folder;
  // A million clients of 6 million parameters in four versions: 96 TB.
  const std::string config = folder.write("huge.toml",
                                          "rounds = 1000000\n[data]\ndataset = \"synthetic\"\nsamples_per_client = 20\n"
                                          "features = 60000\nclasses = 100\ntest_users = 1\n[partition]\n"
                                          "scheme = \"natural\"\nclients = 1000000\n[model]\nname = \"logistic\"\n"
                                          "[sampling]\nclients_per_round = 1000\n[algorithm]\nname = \"scaffold\"\n")
                                 .string();
  const Outcome refused = fedsim(folder, {"run", config, "-o", "huge.h5"});
  INFO(refused.err);
  CHECK(refused.exit == 4);
  CHECK(has(refused.err, "huge.state: the states of 1,000,000 clients of 24,000,400 bytes each take up to 96,010,752,000,000"));
  CHECK_FALSE(std::filesystem::exists(folder / "huge.h5.part"));
  CHECK_FALSE(std::filesystem::exists(folder / "huge.lock"));
  const Outcome checked = fedsim_ok(folder, {"check", config});
  CHECK(has(checked.out, "states of 1,000,000 clients of 24,000,400 bytes each"));
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

TEST_CASE("a finished run is extended: what was evaluated only because it was the last round is not in it", "[cli][resume]") {
  const TempFolder folder;
  const std::string config = folder.write("s.toml", stateful + "[evaluate]\nevery = 4\n").string();
  fedsim_ok(folder, {"run", config, "-o", "cut.h5", "--quiet", "--set", "rounds=11"});
  CHECK_FALSE(std::isnan(read_numbers(folder / "cut.h5", "/rounds/test_loss").at(11)));
  fedsim_ok(folder, {"run", config, "-o", "cut.h5", "--quiet", "--resume", "--set", "rounds=15"});
  finish_and_compare(folder, config);
  CHECK(std::isnan(read_numbers(folder / "cut.h5", "/rounds/test_loss").at(11)));
}

TEST_CASE("a run that was stopped ends where it is: its last round is evaluated", "[cli][resume]") {
  const TempFolder folder;
  const std::string tables = "[evaluate]\nevery = 100\n";
  const std::string config = folder.write("s.toml", stateful + tables).string();
  CHECK(run_and_signal(folder, config, "cut.h5", SIGTERM, 6) == 75);
  const auto rounds = read_integer_attribute(folder / "cut.h5", "committed_rounds") - 1;
  const std::string set = "rounds=" + std::to_string(rounds);
  fedsim_ok(folder, {"run", config, "-o", "cut.h5", "--quiet", "--resume", "--set", set});
  fedsim_ok(folder, {"run", config, "-o", "whole.h5", "--quiet", "--set", set});
  check_same_bytes(folder / "cut.h5", folder / "whole.h5");
}

TEST_CASE("another machine is refused, or accepted and recorded once for each time", "[cli][resume]") {
  const TempFolder folder;
  const std::string config = folder.write("s.toml", "trainer = \"autograd\"\ndevice = \"cpu\"\n" + stateful).string();
  // LibTorch with its slowest kernels says that it is another instruction set.
  const Environment other{{"ATEN_CPU_CAPABILITY", "default"}};
  const std::vector<std::string> go_on{"run", config, "-o", "cut.h5", "--quiet", "--resume", "--set"};
  const auto with = [&](const char* rounds, bool allowed) {
    auto words = go_on;
    words.emplace_back(rounds);
    if (allowed) words.emplace_back("--allow-different-machine");
    return words;
  };
  fedsim_ok(folder, with("rounds=2", false));
  const std::string here = read_attribute(folder / "cut.h5", "isa");
  const Outcome refused = fedsim(folder, with("rounds=4", false), other);
  INFO(refused.err);
  CHECK(refused.exit == 2);
  CHECK(has(refused.err, fmt::format("instruction set {} -> ", here)));
  CHECK(has(refused.err, "--allow-different-machine"));

  fedsim_ok(folder, with("rounds=4", true), other);
  const std::string there = read_attribute(folder / "cut.h5", "isa");
  REQUIRE(there != here);
  const std::string first = fmt::format("after round 2: instruction set {} -> {}", here, there);
  CHECK(read_attribute(folder / "cut.h5", "resumed_on") == first);
  fedsim_ok(folder, with("rounds=5", true), other);
  CHECK(read_attribute(folder / "cut.h5", "resumed_on") == first);  // the same machine again
  fedsim_ok(folder, with("rounds=6", true));
  CHECK(read_attribute(folder / "cut.h5", "resumed_on") ==
        fmt::format("{}\nafter round 5: instruction set {} -> {}", first, there, here));
  fedsim_ok(folder, {"show", "cut.h5", "--verify"});
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
