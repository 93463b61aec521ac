// Wrong input through the public command: the exit code, where it says the fault is, and what to do.
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "catch.hpp"
#include "cli/bad_inputs.h"
#include "cli/quadratic.h"

namespace fedsim::test {
namespace {

/// One process each: what it costs is loading LibTorch, a fifth of a second.
void check_row(const BadInput& row) {
  const TempFolder folder;
  folder.write("bad.toml", row.config);
  for (const auto& [name, content] : row.files) folder.write(name, content);
  if (row.prepare) row.prepare(folder);
  const Outcome outcome = fedsim(folder, row.arguments, {{"FEDSIM_DATA", ""}});
  INFO("row " << row.number << ", " << row.what << ": exit " << outcome.exit << "\n" << outcome.out << outcome.err);
  CHECK(outcome.exit == row.exit);
  for (const auto& text : row.wanted) {
    INFO("wanted: " << text);
    CHECK((has(outcome.err, text) || has(outcome.out, text)));
  }
  CHECK(has(outcome.err, "error: ") == (row.exit != 0));
  for (const char* never : {"what():", "terminate called", "Aborted", "Segmentation"}) CHECK_FALSE(has(outcome.err, never));
  CHECK(outcome.seconds < 5);
  if (row.exit == 2) CHECK_FALSE(std::filesystem::exists(folder / "results/bad.h5.part"));
}

TEST_CASE("bad configs: exit code, place and cause", "[cli][bad-input]") {
  for (const auto& row : bad_configs()) check_row(row);
}

TEST_CASE("bad data and files: exit code, file and cause", "[cli][bad-input]") {
  for (const auto& row : bad_files()) check_row(row);
}

TEST_CASE("every row of the table of bad inputs is there", "[cli][bad-input]") {
  std::set<int> rows{47, 48};  // the two tests below
  for (const auto& row : bad_configs()) rows.insert(row.number);
  for (const auto& row : bad_files()) rows.insert(row.number);
  CHECK(rows.size() == rows_of_the_table);
  CHECK(*rows.begin() == 1);
  CHECK(*rows.rbegin() == rows_of_the_table);
}

TEST_CASE("row 47: a run whose stdout nobody reads goes on", "[cli][bad-input]") {
  const TempFolder folder;  // what was printed and could not be is in faults_test.cpp
  folder.write("bad.toml", "rounds = 1\n" + synthetic);
  const std::string command =
      fmt::format("cd '{}' && ( \"$FEDSIM_BINARY\" run bad.toml 2> errors; echo $? > code ) | true", folder.path().string());
  REQUIRE(std::system(command.c_str()) == 0);
  std::ifstream code(folder / "code"), errors(folder / "errors");
  int exit = -1;
  code >> exit;
  CHECK(exit == 0);
  const std::string text{std::istreambuf_iterator<char>(errors), {}};
  CHECK(has(text, "done: 1 round"));
  CHECK_FALSE(has(text, "error"));
}

TEST_CASE("row 48: a locale with a decimal comma changes no number", "[cli][bad-input]") {
  const TempFolder folder;
  folder.write("bad.toml", synthetic + "[client]\nlr = 0.25\n");
  const std::string plain = fedsim_ok(folder, {"config", "bad.toml"}).out;
  const std::string comma = fedsim_ok(folder, {"config", "bad.toml"}, {{"LC_ALL", "de_DE.UTF-8"}, {"LC_NUMERIC", "de_DE.UTF-8"}}).out;
  CHECK(plain == comma);
  CHECK(has(comma, "lr = 0.25"));
}

TEST_CASE("every fault of a config is reported in one pass", "[cli][bad-input]") {
  const TempFolder folder;
  const auto config = folder.write("many.toml", "rounds = \"x\"\nsed = 1\n" + synthetic + "[client]\nlr = -1\n");
  const Outcome outcome = fedsim(folder, {"check", config.string()});
  INFO(outcome.err);
  CHECK(outcome.exit == 2);
  for (const char* place : {"many.toml:1:10", "many.toml:2:1", "many.toml:11:6"})
    CHECK(has(outcome.err, place));
}

TEST_CASE("a fault in --set is located there", "[cli][bad-input]") {
  const TempFolder folder;
  const auto config = folder.write("good.toml", synthetic);
  const Outcome outcome = fedsim(folder, {"run", config.string(), "--set", "seed=2", "--set", "client.lr=-1"});
  INFO(outcome.err);
  CHECK(outcome.exit == 2);
  CHECK(has(outcome.err, "--set #2"));
}

TEST_CASE("paths in a config stay in its folder tree, unless they are allowed out or typed", "[cli][bad-input]") {
  const TempFolder folder;
  folder.write("base.toml", synthetic);
  folder.write("x.csv", "a,b,label\n1,2,0\n3,4,1\n2,3,0\n4,5,1\n");
  const auto base = folder.write("in/base.toml", "base = \"../base.toml\"\n").string();
  const auto csv = folder.write("in/csv.toml",
                                "[data]\ndataset = \"csv\"\nfile = \"../x.csv\"\ntest_fraction = 0.5\n[partition]\nscheme = \"iid\"\n"
                                "clients = 2\n[model]\nname = \"logistic\"\n")
                       .string();
  for (const char* command : {"run", "check", "config", "partition"})
    for (const auto& [config, place] : {std::pair{base, "base.toml:1:8"}, std::pair{csv, "csv.toml:3:8"}}) {
      const Outcome refused = fedsim(folder, {command, config});
      INFO(command << " " << config << "\n" << refused.err);
      CHECK(refused.exit == 2);
      CHECK(has(refused.err, place));
      CHECK(has(refused.err, "--allow-outside"));
    }
  for (const auto& config : {base, csv}) fedsim_ok(folder, {"config", config, "--allow-outside"});
  fedsim_ok(folder, {"check", csv, "--allow-outside"});
  fedsim_ok(folder, {"check", csv, "--set", "data.file=" + (folder / "x.csv").string()});
}

TEST_CASE("usage: exit 2, help and version: exit 0", "[cli][bad-input]") {
  const TempFolder folder;
  CHECK(fedsim(folder, {}).exit == 2);
  CHECK(fedsim(folder, {"runn"}).exit == 2);
  CHECK(fedsim(folder, {"run"}).exit == 2);
  CHECK(fedsim(folder, {"run", "--no-such-flag", "x.toml"}).exit == 2);
  CHECK(fedsim(folder, {"--help"}).exit == 0);
  CHECK(has(fedsim_ok(folder, {"run", "--help"}).out, "xample"));
  CHECK(has(fedsim_ok(folder, {"--version"}).out, "0.1.0"));
  const Outcome absent_file = fedsim(folder, {"run", "absent.toml"});
  CHECK(absent_file.exit == 2);
  CHECK(has(absent_file.err, "absent.toml"));
  CHECK(fedsim(folder, {"run", folder.path().string()}).exit == 2);
}

TEST_CASE("output: exists, or has no folder: exit 4 before training", "[cli][bad-input]") {
  const QuadraticRun experiment(Line{.a = {1}, .b = {1}});
  const auto config = experiment.config("rounds = 1", "[client]\nlr = 0.1\n").string();
  const auto& folder = experiment.folder();
  fedsim_ok(folder, {"run", config});
  CHECK(std::filesystem::exists(folder / "results/q.h5"));
  CHECK(std::filesystem::exists(folder / "results/q.jsonl"));

  const Outcome again = fedsim(folder, {"run", config});
  CHECK(again.exit == 4);
  CHECK(has(again.err, "--force"));
  CHECK(has(again.err, "--resume"));
  fedsim_ok(folder, {"run", config, "--force"});

  const Outcome nowhere = fedsim(folder, {"run", config, "-o", "no/such/folder/x.h5"});
  INFO(nowhere.err);
  CHECK(nowhere.exit == 4);
  CHECK(has(nowhere.err, "no/such/folder"));
}

TEST_CASE("a GPU that is not there: exit 4, with a hint", "[cli][bad-input]") {
  const TempFolder folder;
  const auto config = folder.write("gpu.toml", synthetic);
  const Outcome outcome = fedsim(folder, {"run", config.string(), "--device", "cuda:63"});
  INFO(outcome.err);
  CHECK(outcome.exit == 4);
  CHECK(has(outcome.err, "cpu"));
  const QuadraticRun experiment(Line{.a = {4}, .b = {1}});
  const auto quadratic = experiment.config("rounds = 1", "").string();
  const Outcome other = fedsim(experiment.folder(), {"run", quadratic, "--set", "dtype=float32", "--device", "cuda:63"});
  INFO(other.err);
  CHECK(other.exit == 4);
}

TEST_CASE("divergence: exit 5 and a valid file", "[cli][bad-input]") {
  // |1 - 1e3 * 4|^40 > 1e144: after three rounds the update overflows.
  const QuadraticRun experiment(Line{.a = {4}, .b = {1}});
  const auto config = experiment.config("rounds = 10", "[client]\nlr = 1000\nsteps = 40\n").string();
  const Outcome outcome = fedsim(experiment.folder(), {"run", config, "-o", "diverged.h5", "--quiet"});
  INFO(outcome.err);
  CHECK(outcome.exit == 5);
  const auto result = experiment.folder() / "diverged.h5";
  CHECK(read_attribute(result, "status") == "diverged");
  const auto rounds = read_numbers(result, "/rounds/round");
  CHECK(static_cast<std::int64_t>(rounds.size()) == read_integer_attribute(result, "committed_rounds"));
  CHECK(rounds.size() < 10);
  // Where it broke, how it went there, and what to do.
  for (const char* part : {"client 0, from layer w on", "norms of the mean updates before it: ", "client.lr too large"})
    CHECK(has(outcome.err, part));
}

}  // namespace
}  // namespace fedsim::test
