// The resolved config is a fixed point, and its hash moves with what can change a round only.
#include "config/toml_text.h"
#include "experiment/experiment_text.hpp"

using namespace fedsim;
using namespace fedsim::test;

namespace {

void check_fixed_point(const std::string& text) {
  CAPTURE(text);
  const Experiment first = experiment_of(text);
  const Experiment second = experiment_of(first.resolved);
  CHECK(second.resolved == first.resolved);
  CHECK(second.hash == first.hash);
}

}  // namespace

TEST_CASE("the resolved config resolves to itself", "[experiment]") {
  check_fixed_point(smallest);
  check_fixed_point(smallest +
                    "[partition]\nclients = 3\n[client]\nlr = 1e-7\nsteps = 3\n[sampling]\nfraction = 0.3\n");
  check_fixed_point(
      "[data]\ndataset = \"mnist\"\nroot = \"some/where\"\n[model]\nlayers = [\"flatten\", \"linear 10\"]\n");
  check_fixed_point("[data]\ndataset = \"mnist\"\n[model]\ntorchscript = \"m.pt\"\n");
  check_fixed_point("name = \"a \\\"b\\\" é\"\n" + smallest);
  check_fixed_point("[data]\ndataset = \"quadratic\"\nfile = \"q.h5\"\n[model]\nname = \"quadratic\"\n");
}

TEST_CASE("every registered choice resolves to itself", "[experiment]") {
  for (const auto& name : Registry<Algorithm>::names())
    check_fixed_point(smallest + "[algorithm]\nname = \"" + name + "\"\n");
  for (const auto& name : Registry<ServerOptimizer>::names())
    check_fixed_point(smallest + "[server]\noptimizer = \"" + name + "\"\n");
  for (const auto& name : Registry<Sampler>::names())
    check_fixed_point(smallest + "[sampling]\nscheme = \"" + name + "\"\n");
  for (const auto& name : Registry<ModelTemplate>::names())
    check_fixed_point("[data]\ndataset = \"mnist\"\n[model]\nname = \"" + name + "\"\n");
}

TEST_CASE("the resolved config has every default and absolute paths", "[experiment]") {
  const TemporaryFolder folder;
  const auto file = write_text(folder / "exp.toml",
                               "[data]\ndataset = \"mnist\"\nroot = \"../data\"\n[model]\nname = \"cnn\"\n");
  const Experiment e = read_experiment(file, {}, Outside::allowed);
  const auto has = [&](const std::string& line) { return e.resolved.find(line + "\n") != std::string::npos; };
  CHECK(has("name = \"exp\""));
  CHECK(has("rounds = 100"));
  CHECK(has("root = " + toml_string((folder.path().parent_path() / "data").string())));
  CHECK(has("[evaluate]\nevery = 1\nper_client = false"));
  CHECK(has("[output]\nper_client = true\ncheckpoint_every = 10"));
  CHECK(has("lr = 0.05"));
  CHECK(has("clients = 100"));
}

TEST_CASE("the hash knows what can change a round", "[experiment]") {
  const auto hash = [](const std::string& top, const std::string& rest = "") {
    return experiment_of(top + smallest + rest).hash;
  };
  const std::string plain = hash("");
  for (const char* same :
       {"name = \"x\"\n", "rounds = 7\n", "threads = 3\n", "seed = 1\n", "# a comment\n"}) {
    CAPTURE(same);
    CHECK(hash(same) == plain);
  }
  CHECK(hash("", "[output]\nper_client = false\n") == plain);
  CHECK(hash("", "[client]\nlr = 5e-2\n") == plain);  // the default, written
  for (const char* other : {"seed = 2\n", "dtype = \"float64\"\n", "device = \"cpu\"\n"}) {
    CAPTURE(other);
    CHECK(hash(other) != plain);
  }
  CHECK(hash("", "[client]\nlr = 0.06\n") != plain);
  CHECK(hash("", "[evaluate]\nevery = 2\n") != plain);
}

TEST_CASE("files count in the hash by their content", "[experiment]") {
  const auto hash = [](const std::string& file, const std::string& content) {
    const TemporaryFolder folder;
    write_text(folder / file, content);
    return read_experiment(
               write_text(folder / "exp.toml",
                          "[data]\ndataset = \"mnist\"\n[model]\ntorchscript = \"" + file + "\"\n"))
        .hash;
  };
  CHECK(hash("m.pt", "abc") == hash("renamed.pt", "abc"));
  CHECK(hash("m.pt", "abc") != hash("m.pt", "abd"));
}
