// Wrong input through the public command: the exit code, where it says the fault is, and what to do.
#include <fmt/format.h>

#include "catch.hpp"
#include "cli/images.h"
#include "cli/quadratic.h"

namespace fedsim::test {
namespace {

struct Fault {
  std::string what;                // for the report
  std::string toml;                // the whole config
  int exit;
  std::vector<std::string> wanted;  // all in stderr
};

const std::string synthetic =
    "[data]\ndataset = \"synthetic\"\n[partition]\nscheme = \"natural\"\nclients = 5\n[model]\nname = \"logistic\"\n";

/// Faults of a config: the line of the fault is known, because the lines before it are ours.
std::vector<Fault> config_faults() {
  return {
      {"unknown key", synthetic + "[client]\nlerning_rate = 0.1\n", 2, {"bad.toml:9:1", "lerning_rate"}},
      {"misspelt key", synthetic + "[client]\nbatch_sise = 5\n", 2, {"bad.toml:9:1", "batch_size"}},
      {"unknown table", synthetic + "[agregate]\nrule = \"mean\"\n", 2, {"bad.toml:8:", "aggregate"}},
      {"unknown name", synthetic + "[algorithm]\nname = \"fedvag\"\n", 2, {"bad.toml:9:8", "fedvag", "fedavg"}},
      {"wrong type", "rounds = \"100\"\n" + synthetic, 2, {"bad.toml:1:10", "integer", "string"}},
      {"a fraction for an integer", "rounds = 10.5\n" + synthetic, 2, {"bad.toml:1:10", "integer"}},
      {"an unclosed string", "name = \"x\n" + synthetic, 2, {"bad.toml:1:"}},
      {"a key twice", "seed = 1\nseed = 2\n" + synthetic, 2, {"bad.toml:2:", "seed"}},
      {"out of range", synthetic + "[client]\nlr = -0.1\n", 2, {"bad.toml:9:6", "> 0"}},
      {"not a number", synthetic + "[client]\nlr = nan\n", 2, {"bad.toml:9:6"}},
      {"infinite", synthetic + "[client]\nlr = inf\n", 2, {"bad.toml:9:6"}},
      {"larger than 64 bits", "seed = 99999999999999999999\n" + synthetic, 2, {"bad.toml:1:8"}},
      {"empty", "", 2, {"'dataset' in [data]", "'name' in [model]"}},
      {"no model", "[data]\ndataset = \"synthetic\"\n", 2, {"model"}},
      {"not UTF-8", "name = \"\xff\"\n" + synthetic, 2, {"0xFF", "offset 8"}},
      {"an option of another algorithm", synthetic + "[algorithm]\nname = \"fedavg\"\nmu = 0.1\n", 2, {"bad.toml:10:1", "mu"}},
      {"more chosen than there are", synthetic + "[sampling]\nclients_per_round = 6\n", 2, {"bad.toml:9:", "6", "5"}},
      {"alpha 0",
       "[data]\ndataset = \"fashion-mnist\"\n[partition]\nscheme = \"dirichlet\"\nclients = 5\nalpha = 0\n[model]\nname = \"2nn\"\n", 2,
       {"bad.toml:6:9", "> 0"}},
      {"batch -1", synthetic + "[client]\nbatch_size = -1\n", 2, {"bad.toml:9:14"}},
      {"epochs 0", synthetic + "[client]\nepochs = 0\n", 2, {"bad.toml:9:10"}},
      {"epochs and steps", synthetic + "[client]\nepochs = 1\nsteps = 1\n", 2, {"epochs", "steps"}},
      {"rounds -1", "rounds = -1\n" + synthetic, 2, {"bad.toml:1:10"}},
      {"nothing is wrong", synthetic, 0, {}},  // the lines that the faults above are added to
  };
}

TEST_CASE("bad configs: exit code, place and cause", "[cli][bad-input]") {
  const TempFolder folder;
  for (const auto& fault : config_faults()) {
    const auto config = folder.write("bad.toml", fault.toml);
    for (const char* command : {"run", "check"}) {
      if (fault.exit == 0 && command == std::string("run")) continue;
      const Outcome outcome = fedsim(folder, {command, config.string()});
      INFO(command << ", " << fault.what << ":\n" << outcome.err);
      CHECK(outcome.exit == fault.exit);
      for (const auto& text : fault.wanted) CHECK(has(outcome.err, text));
      if (fault.exit != 0) CHECK(has(outcome.err, "error"));
      CHECK(outcome.err.find("what():") == std::string::npos);
      CHECK(outcome.seconds < 5);
    }
    CHECK_FALSE(std::filesystem::exists(folder / "results"));
  }
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

TEST_CASE("missing and damaged data: exit 3, with the file", "[cli][bad-input]") {
  const TempFolder folder;
  const std::string csv = "[data]\ndataset = \"csv\"\nfile = \"x.csv\"\n[partition]\nclients = 2\n[model]\nname = \"logistic\"\n";
  const auto config = folder.write("csv.toml", csv);
  Outcome outcome = fedsim(folder, {"run", config.string()});
  INFO(outcome.err);
  CHECK(outcome.exit == 3);
  CHECK(has(outcome.err, "x.csv"));

  folder.write("x.csv", "a,b,label\n1,2,0\n3,4\n");
  outcome = fedsim(folder, {"run", config.string()});
  INFO(outcome.err);
  CHECK(outcome.exit == 3);
  CHECK(has(outcome.err, "x.csv:3"));

  folder.write("x.csv", "a,b,label\n1,two,0\n");
  CHECK(fedsim(folder, {"run", config.string()}).exit == 3);

  const auto images = folder.write("images.toml", "[data]\ndataset = \"mnist\"\nroot = \"nothing-here\"\n[model]\nname = \"2nn\"\n[partition]\nclients = 10\n");
  folder.write("nothing-here/mnist/train-images-idx3-ubyte", std::string("\0\0\x08\x01", 4));
  outcome = fedsim(folder, {"run", images.string()}, {{"FEDSIM_DATA", (folder / "nothing-here").string()}});
  INFO(outcome.err);
  CHECK(outcome.exit == 3);

  const auto quadratic = folder.write("q.toml", "dtype = \"float64\"\n[data]\ndataset = \"quadratic\"\nfile = \"q.h5\"\n[partition]\nscheme = \"natural\"\n[model]\nname = \"quadratic\"\n");
  folder.write("q.h5", "this is not HDF5");
  outcome = fedsim(folder, {"run", quadratic.string()});
  INFO(outcome.err);
  CHECK(outcome.exit == 3);
  CHECK(has(outcome.err, "q.h5"));
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
