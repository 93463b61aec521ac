// One table into Options: types, ranges, choices, unknown keys, and what is resolved.
#include "config/reader.h"

#include "config/config_text.hpp"

using namespace fedsim;
using fedsim::test::complaints_of;
using fedsim::test::write_text;

namespace {

struct Options {
  double lr = 0.05;
  std::int64_t epochs = 1;
  bool nesterov = false;
  std::string weight = "auto";
  Path file;
  std::vector<std::string> layers;
  std::vector<double> betas{0.9, 0.99};
  std::optional<double> ratio;
  std::optional<std::int64_t> steps;
  void visit(OptionVisitor& option) {
    option("lr", lr, above(0), "");
    option("epochs", epochs, at_least(1), "");
    option("nesterov", nesterov, "");
    option("weight", weight, {"auto", "samples", "uniform"}, "");
    option("file", file, "");
    option("layers", layers, "");
    option("betas", betas, from_up_to(0, 1), "");
    option("ratio", ratio, above_up_to(0, 1), "");
    option("steps", steps, at_least(1), "");
  }
};

struct Read {
  Options options;
  ResolvedTable resolved;
};

const std::vector<KnownKey> known{
    {"client", "lr", "", ""},         {"client", "epochs", "", ""},
    {"client", "mu", "name", "prox"}, {"client", "mu", "name", "nova"},
    {"partition", "clients", "", ""}, {"partition", "alpha", "scheme", "dirichlet"}};

/// Reads [client] with `body` in it.
Read read(const std::string& body) {
  const TemporaryFolder folder;
  const ConfigDocument document(write_text(folder / "exp.toml", "[client]\n" + body), {});
  Complaints complaints;
  ConfigReader reader(document, "client", complaints);
  Read result;
  result.options.visit(reader);
  reader.finish(known);
  complaints.throw_if_any();
  result.resolved = reader.resolved();
  return result;
}

}  // namespace

TEST_CASE("options are read", "[config][reader]") {
  const auto options = read(
                           "lr = 1\nepochs = 3\nnesterov = true\nweight = \"samples\"\nlayers = [\"relu\"]\n"
                           "betas = [0, 0.5]\nratio = 1.0\nsteps = 7\n")
                           .options;
  CHECK(options.lr == 1.0);  // an integer is a number
  CHECK(options.epochs == 3);
  CHECK(options.nesterov);
  CHECK(options.weight == "samples");
  CHECK(options.layers == std::vector<std::string>{"relu"});
  CHECK(options.betas == std::vector<double>{0, 0.5});
  CHECK(options.ratio == 1.0);
  CHECK(options.steps == 7);
  CHECK_FALSE(read("").options.ratio.has_value());
}

TEST_CASE("paths start at the file that names them", "[config][reader]") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "sub");
  write_text(folder / "sub" / "base.toml", "[client]\nfile = \"../x.h5\"\n");
  const ConfigDocument document(write_text(folder / "exp.toml", "base = \"sub/base.toml\"\n"), {});
  Complaints complaints;
  ConfigReader reader(document, "client", complaints);
  Options options;
  options.visit(reader);
  CHECK(options.file.text == (folder / "x.h5").string());
}

TEST_CASE("what is wrong with a value is said at the value", "[config][reader]") {
  struct Case {
    const char* body;
    std::size_t column;
    const char* message;
    const char* help;
  };
  const Case cases[] = {
      {"epochs = \"100\"", 10, "'epochs': expected integer, found string \"100\"",
       "without quotes: epochs = 100"},
      {"epochs = 10.5", 10, "'epochs': expected integer, found float: 10.5 is not an integer", ""},
      {"epochs = 1e2", 10, "'epochs': expected integer, found float: 1e2 is not an integer",
       "write epochs = 100"},
      {"epochs = true", 10, "'epochs': expected integer, found boolean true", ""},
      {"epochs = [1]", 10, "'epochs': expected integer, found a list", ""},
      {"epochs = 0", 10, "'epochs' must be >= 1, got 0", ""},
      {"epochs = 2024-01-01", 10, "'epochs': expected integer, found date 2024-01-01", ""},
      {"epochs.x = 1", 1, "'epochs': expected integer, found a table", ""},
      {"steps = 0", 9, "'steps' must be >= 1, got 0", ""},
      {"lr = -0.1", 6, "'lr' must be > 0, got -0.1", ""},
      {"lr = nan", 6, "'lr' must be > 0, got nan", ""},
      {"lr = inf", 6, "'lr' must be > 0, got inf", ""},
      {"lr = \"fast\"", 6, "'lr': expected number, found string \"fast\"", ""},
      {"ratio = 1.5", 9, "'ratio' must be in (0, 1], got 1.5", ""},
      {"betas = [0.5, 1.0]", 15, "'betas' must be in [0, 1), got 1.0", ""},
      {"betas = 0.5", 9, "'betas': expected list of numbers, found float 0.5", ""},
      {"layers = [\"relu\", 3]", 19, "'layers': expected a list of strings, found integer 3 in it", ""},
      {"nesterov = \"true\"", 12, "'nesterov': expected boolean, found string \"true\"",
       "without quotes: nesterov = true"},
      {"nesterov = 1", 12, "'nesterov': expected boolean, found integer 1", ""},
      {"weight = 3", 10, "'weight': expected string, found integer 3", "in quotes: weight = \"3\""},
      {"weight = \"sample\"", 10, "unknown weight 'sample' in [client]",
       "did you mean 'samples'? weight is one of: auto, samples, uniform"},
      {"weight = \"AUTO\"", 10, "unknown weight 'AUTO' in [client]",
       "did you mean 'auto'? weight is one of: auto, samples, uniform"},
      {"file = \"\"", 8, "'file' is empty, expected a path", ""},
      {"file = 7", 8, "'file': expected string, found integer 7", "in quotes: file = \"7\""},
  };
  for (const auto& one : cases) {
    CAPTURE(one.body);
    const auto found = complaints_of([&] { read(one.body); });
    REQUIRE(found.size() == 1);
    CHECK(found[0].line == 2);
    CHECK(found[0].column == one.column);
    CHECK(found[0].message == one.message);
    CHECK(found[0].help == one.help);
    CHECK(found[0].source_line == one.body);
  }
}

TEST_CASE("unknown keys get a suggestion", "[config][reader]") {
  struct Case {
    const char* body;
    const char* message;
    const char* help;
  };
  const Case cases[] = {
      {"epoch = 1", "unknown key 'epoch' in [client]", "did you mean 'epochs'?"},
      {"lerning_rate = 1", "unknown key 'lerning_rate' in [client]", "did you mean 'lr'?"},
      {"batchsteps = 1", "unknown key 'batchsteps' in [client]",
       "keys of [client]: betas, epochs, file, layers, lr, nesterov, ratio, steps, weight"},
      {"mu = 1", "unknown key 'mu' in [client]", "'mu' is an option of name = \"prox\" and name = \"nova\""},
      {"clients = 1", "unknown key 'clients' in [client]", "'clients' belongs to [partition]"},
      {"alpha = 1", "unknown key 'alpha' in [client]",
       "'alpha' belongs to [partition] with scheme = \"dirichlet\""},
      {"client = 1", "unknown key 'client' in [client]",
       "did you mean 'clients'? 'clients' belongs to [partition]"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.body);
    const auto found = complaints_of([&] { read(one.body); });
    REQUIRE(found.size() == 1);
    CHECK(found[0].line == 2);
    CHECK(found[0].column == 1);
    CHECK(found[0].message == one.message);
    CHECK(found[0].help == one.help);
  }
}

TEST_CASE("all errors of a table come in one pass, in the order of the text", "[config][reader]") {
  const auto found = complaints_of([] { read("steps = 0\nlr = \"x\"\nfoo = 1\nepochs = 0\n"); });
  REQUIRE(found.size() == 4);
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i].line == i + 2);
}

TEST_CASE("a table that is none is an error", "[config][reader]") {
  const TemporaryFolder folder;
  const ConfigDocument document(write_text(folder / "exp.toml", "client = 3\n"), {});
  const auto found = complaints_of([&] {
    Complaints complaints;
    ConfigReader reader(document, "client", complaints);
    complaints.throw_if_any();
  });
  CHECK(found[0].message == "'client': expected a table [client], found integer 3");
}

TEST_CASE("what is resolved reads back to itself", "[config][reader]") {
  const auto lines = [](const ResolvedTable& table) {
    std::string text;
    for (const auto& one : table.keys) text += one.key + " = " + one.text + "\n";
    return text;
  };
  const std::string first =
      lines(read("lr = 1e-7\nlayers = [\"a \\\"b\\\" \\\\ \\t\"]\nratio = 0.1\n").resolved);
  CHECK(first ==
        "lr = 1e-07\nepochs = 1\nnesterov = false\nweight = \"auto\"\n"
        "layers = [\"a \\\"b\\\" \\\\ \\u0009\"]\nbetas = [0.9, 0.99]\nratio = 0.1\n");
  CHECK(lines(read(first).resolved) == first);
}
