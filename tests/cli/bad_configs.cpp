#include <fmt/format.h>
#include <sys/stat.h>

#include "catch.hpp"
#include "cli/bad_inputs.h"

namespace fedsim::test {

const std::string synthetic =
    "[data]\ndataset = \"synthetic\"\n[partition]\nscheme = \"natural\"\nclients = 5\n[model]\nname = \"logistic\"\n";

std::string csv_config(const std::string& partition) {
  return fmt::format(
      "rounds = 1\n[data]\ndataset = \"csv\"\nfile = \"x.csv\"\ntest_fraction = 0.5\n[partition]\n{}[model]\nname = "
      "\"logistic\"\n", partition);
}

namespace {

/// `samples` lines of two classes.
std::string table(int samples) {
  std::string text = "a,b,label\n";
  for (int i = 0; i < samples; ++i) text += fmt::format("{},{},{}\n", i % 7, i % 5, i % 2);
  return text;
}

std::vector<std::string> set(const std::string& what) { return {"run", "bad.toml", "--quiet", "--set", what}; }

std::vector<BadInput> wrong_text() {
  const auto client = [](const std::string& line) { return synthetic + "[client]\n" + line + "\n"; };
  return {
      {1, "unknown key", client("lerning_rate = 0.1"), 2, {"bad.toml:9:1", "unknown key 'lerning_rate' in [client]"}},
      {1, "misspelt key", client("batch_sise = 5"), 2, {"bad.toml:9:1", "did you mean 'batch_size'"}},
      {2, "unknown table", synthetic + "[agregate]\nrule = \"mean\"\n", 2, {"bad.toml:8:", "aggregate"}},
      {3, "unknown name", synthetic + "[algorithm]\nname = \"fedvag\"\n", 2,
       {"bad.toml:9:8", "did you mean 'fedavg'", "scaffold"}},
      {4, "wrong type", "rounds = \"100\"\n" + synthetic, 2, {"bad.toml:1:10", "expected integer, found string"}},
      {5, "a fraction for an integer", "rounds = 10.5\n" + synthetic, 2, {"bad.toml:1:10", "not an integer"}},
      {5, "1e2 for an integer", "rounds = 1e2\n" + synthetic, 2, {"bad.toml:1:10", "write rounds = 100"}},
      {6, "an unclosed string", "name = \"x\n" + synthetic, 2, {"bad.toml:1:"}},
      {7, "a key twice", "seed = 1\nseed = 2\n" + synthetic, 2, {"bad.toml:2:1", "seed", "1:1"}},
      {8, "out of range", client("lr = -0.1"), 2, {"bad.toml:9:6", "must be > 0"}},
      {8, "not a number", client("lr = nan"), 2, {"bad.toml:9:6", "must be > 0"}},
      {8, "infinite", client("lr = inf"), 2, {"bad.toml:9:6", "must be > 0"}},
      {9, "larger than 64 bits", "seed = 99999999999999999999\n" + synthetic, 2, {"bad.toml:1:8"}},
      {10, "empty", "", 2, {"'dataset' in [data]", "'name' in [model]"}},
      {11, "not UTF-8", "name = \"\xff\"\n" + synthetic, 2, {"0xFF", "offset 8"}},
      {11, "a NUL byte", synthetic + std::string("\0", 1), 2, {"NUL byte at offset"}},
      {11, "a byte-order mark is accepted", "\xEF\xBB\xBFrounds = 0\n" + synthetic, 0, {}},
      {12, "a folder", "", 2, {"folder: error: is a folder"}, {{"folder/x", ""}}, {"run", "folder"}},
      {12, "a pipe", "", 2, {"pipe: error: is a named pipe"}, {}, {"run", "pipe"},
       [](const TempFolder& folder) { REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0); }},
      {12, "17 MB", std::string(17 << 20, '#'), 2, {"16 MB at most"}},
      {13, "an option of another algorithm", synthetic + "[algorithm]\nname = \"fedavg\"\nmu = 0.1\n", 2,
       {"bad.toml:10:1", "'mu'", "fedprox"}},
  };
}

std::vector<BadInput> wrong_values() {
  const auto split = [](const std::string& options) { return csv_config(options); };
  return {
      {14, "more chosen than there are", synthetic + "[sampling]\nclients_per_round = 6\n", 2, {"bad.toml:9:", "(5), got 6"}},
      {15, "more clients than samples", split("scheme = \"iid\"\nclients = 30\n"), 2, {"bad.toml:8:", "30", "20"},
       {{"x.csv", table(40)}}},
      {16, "clients without samples", split("alpha = 0.01\nclients = 10\nmin_samples = 0\n"), 0, {}, {{"x.csv", table(40)}}},
      {17, "alpha 0", split("alpha = 0\nclients = 5\n"), 2, {"bad.toml:7:9", "must be > 0"}},
      {18, "alpha 1e-6", split("alpha = 1e-6\nclients = 5\nmin_samples = 0\n"), 0, {}, {{"x.csv", table(40)}}},
      {19, "alpha 1e6", split("alpha = 1e6\nclients = 5\n"), 0, {}, {{"x.csv", table(400)}}},
      {20, "shards that do not divide", split("scheme = \"shards\"\nclients = 3\n"), 0, {}, {{"x.csv", table(46)}}},
      {33, "a convolution of a table", csv_config("clients = 2\n").substr(0, csv_config("clients = 2\n").find("[model]")) +
       "[model]\nlayers = [\"conv 8 3\", \"flatten\", \"linear 2\"]\n", 2, {"bad.toml:9:", "conv 8 3"}, {{"x.csv", table(40)}}},
      {41, "batch -1", synthetic + "[client]\nbatch_size = -1\n", 2, {"bad.toml:9:14", ">= 0"}},
      {41, "epochs 0", synthetic + "[client]\nepochs = 0\n", 2, {"bad.toml:9:10", ">= 1"}},
      {41, "rounds 0 evaluates only", "rounds = 0\n" + synthetic, 0, {}},
      // These tables and rules are not in this version; a config that asks for them is told so where it asks.
      {42, "differential privacy", synthetic + "[privacy]\nmechanism = \"gaussian\"\nnoise = 0.0\n", 2,
       {"bad.toml:8:", "[privacy] is not in this version"}},
      {43, "a robust rule", synthetic + "[aggregate]\nrule = \"krum\"\n", 2, {"bad.toml:9:8", "krum", "is one of: "}},
      {44, "secure aggregation", synthetic + "[secure_aggregation]\nprotocol = \"secagg\"\n", 2,
       {"bad.toml:8:", "[secure_aggregation] is not in this version"}},
      {45, "threads -1", synthetic, 2, {"--threads"}, {}, {"run", "bad.toml", "--threads", "-1"}},
      {45, "threads 100000", synthetic, 2, {"--threads"}, {}, {"run", "bad.toml", "--threads", "100000"}},
      {45, "threads 0: all cores", "rounds = 0\n" + synthetic, 0, {}, {}, set("threads=0")},
      {46, "a name that leads out", "name = \"../../x\"\n" + synthetic, 2, {"bad.toml:1:8", "plain file name"}},
      {46, "a name of two lines", "name = \"a\\nb\"\n" + synthetic, 2, {"bad.toml:1:8", "plain file name"}},
      {46, "a path that leads out", "[data]\ndataset = \"csv\"\nfile = \"../x.csv\"\n[partition]\nclients = 2\n[model]\nname = \"logistic\"\n", 2,
       {"bad.toml:3:8", "--allow-outside"}},
  };
}

}  // namespace

std::vector<BadInput> bad_configs() {
  auto all = wrong_text();
  for (auto& row : wrong_values()) all.push_back(std::move(row));
  return all;
}

}  // namespace fedsim::test
