// What is in the way of a run: pipes that nobody reads, disks that can't be written, folders that go, too
// little memory. Every call that can fail is made to in tests/torture.
#include <fmt/format.h>
#include <sys/wait.h>

#include <cstdlib>

#include "catch.hpp"
#include "cli/program.h"

namespace fedsim::test {
namespace {

const char* const small =
    "rounds = 12\n[data]\ndataset = \"synthetic\"\nsamples_per_client = 20\n[partition]\nscheme = "
    "\"natural\"\n"
    "clients = 10\n[model]\nname = \"logistic\"\n[sampling]\nclients_per_round = "
    "4\n[output]\ncheckpoint_every = 2\n";

/// Exit status of a command line of bash in `folder`, in which fedsim is "$FEDSIM_BINARY".
int in_shell(const TempFolder& folder, const std::string& command) {
  const std::string script =
      folder.write("command.sh", fmt::format("cd '{}'\n{}\n", folder.path().string(), command)).string();
  const int status = std::system(fmt::format("bash '{}'", script).c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST_CASE("output that can't be written is exit 4, not silence", "[cli][faults]") {
  const TempFolder folder;
  folder.write("s.toml", small);
  fedsim_ok(folder, {"run", "s.toml", "-o", "a.h5", "--quiet"});
  for (const char* words : {"show a.h5", "list algorithms", "--version"})
    CHECK(in_shell(folder,
                   fmt::format(
                       "\"$FEDSIM_BINARY\" {} >/dev/full 2>err; code=$?; grep -q 'error: can.t write to the "
                       "standard output' err && exit $code; exit 99",
                       words)) == 4);
}

TEST_CASE("a pipe that nobody reads any more does not end a run", "[cli][faults]") {
  const TempFolder folder;
  folder.write("s.toml", small);
  // The first line is read, then nobody reads.
  CHECK(in_shell(folder,
                 "{ \"$FEDSIM_BINARY\" run s.toml -o a.h5 2>&1; echo $? >code; } | head -n 1 >/dev/null; "
                 "exit $(cat code)") == 0);
  CHECK(has(fedsim_ok(folder, {"show", "a.h5", "--verify"}).out, "complete"));
}

TEST_CASE("a log that can't be written ends a run with 4", "[cli][faults]") {
  const TempFolder folder;
  folder.write("s.toml", small);
  CHECK(fedsim(folder, {"run", "s.toml", "-o", "a.h5", "--log", "/dev/full"}).exit == 4);
  fedsim_ok(folder, {"run", "s.toml", "-o", "a.h5", "--resume", "--quiet"});
}

TEST_CASE("a read-only file system is named before any training", "[cli][faults]") {
  const TempFolder folder;
  folder.write("s.toml", small);
  folder.write("results/x", "");
  const std::string under = (folder / "results").string();
  const Outcome outcome = fedsim(folder, {"run", "s.toml", "-o", "results/a.h5"},
                                 {{"LD_PRELOAD", FEDSIM_FAULTS},
                                  {"FEDSIM_FAULT_UNDER", under},
                                  {"FEDSIM_FAULT_AT", "1"},
                                  {"FEDSIM_FAULT_FROM", "1"},
                                  {"FEDSIM_FAULT_ERRNO", "EROFS"}});
  CHECK(outcome.exit == 4);
  CHECK(has(outcome.err, "results/a.lock"));
  CHECK(has(outcome.err, "Read-only file system"));
  CHECK_FALSE(has(outcome.err, "round 0/"));
}

TEST_CASE("the folder goes during a run: exit 4 that names it", "[cli][faults]") {
  const TempFolder folder;
  folder.write("s.toml", small);
  CHECK(in_shell(folder,
                 "mkdir results; \"$FEDSIM_BINARY\" run s.toml --set rounds=100000 -o results/a.h5 2>err & "
                 "child=$!\n"
                 // Moved first: a checkpoint that is written while rm -r works would keep the folder.
                 "until [ -s results/a.jsonl ]; do sleep 0.01; done; mv results gone; rm -r gone; wait $child; code=$?\n"
                 "grep -q 'error: .*results' err && exit $code; cat err; exit 99") == 4);
}

TEST_CASE("too little memory is exit 4 with an estimate", "[cli][faults]") {
  const TempFolder folder;
  folder.write("s.toml", small);
  // 4,000,000 samples of a client in one batch do not fit 1.5 GB of address space, the program alone does.
  const int exit = in_shell(
      folder,
      "ulimit -v 1500000\n\"$FEDSIM_BINARY\" run s.toml -o a.h5 --quiet || exit 98\n"
      "\"$FEDSIM_BINARY\" run s.toml -o b.h5 --quiet --set 'model.name=\"2nn\"' --set client.batch_size=0 "
      "--set data.samples_per_client=4000000 2>err; code=$?\n"
      "grep -q 'error: out of memory' err && exit $code; cat err; exit 99");
  CHECK(exit == 4);
}

}  // namespace
}  // namespace fedsim::test
