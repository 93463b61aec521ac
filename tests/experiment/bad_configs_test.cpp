// The table of bad inputs, as far as a config alone can be wrong. Every row: exit code 2 (checked by
// errors_of), a position, a message.
#include "experiment/experiment_text.hpp"

using namespace fedsim;
using namespace fedsim::test;

namespace {

struct Case {
  const char* text;  // after `smallest`, whose four lines come first
  std::size_t line, column;
  const char* message;
  const char* help;  // a part of it
};

const Case cases[] = {
    {"[client]\nlerning_rate = 1", 6, 1, "unknown key 'lerning_rate' in [client]", "did you mean 'lr'?"},
    {"[agregate]\nrule = \"mean\"", 5, 2, "unknown table [agregate]", "did you mean [aggregate]?"},
    {"[algorithm]\nname = \"fedvag\"", 6, 8, "unknown name 'fedvag' in [algorithm]",
     "did you mean 'fedavg'?"},
    {"[client]\nepochs = \"100\"", 6, 10, "'epochs': expected integer, found string \"100\"",
     "without quotes: epochs = 100"},
    {"[client]\nepochs = 10.5", 6, 10, "'epochs': expected integer, found float: 10.5 is not an integer", ""},
    {"[client]\nlr = -0.1", 6, 6, "'lr' must be > 0, got -0.1", ""},
    {"[client]\nlr = nan", 6, 6, "'lr' must be > 0, got nan", ""},
    {"[client]\nlr = inf", 6, 6, "'lr' must be > 0, got inf", ""},
    {"[client]\nmomentum = 1.0", 6, 12, "'momentum' must be in [0, 1), got 1.0", ""},
    {"[client]\nbatch_size = -1", 6, 14, "'batch_size' must be >= 0, got -1", ""},
    {"[client]\nepochs = 0", 6, 10, "'epochs' must be >= 1, got 0", ""},
    {"[client]\nepochs = 2\nsteps = 3", 7, 9,
     "client.steps: stands beside 'epochs': local training is measured in one of the two", ""},
    {"[algorithm]\nmu = 0.1", 6, 1, "unknown key 'mu' in [algorithm] with name = \"fedavg\"",
     "'mu' is an option of name = \"fednova\" and name = \"fedprox\""},
    {"[algorithm]\nname = \"fedprox\"\nmu = -1", 7, 6, "'mu' must be >= 0, got -1", ""},
    {"[partition]\nalpha = 0", 6, 9, "'alpha' must be > 0, got 0", ""},
    {"[partition]\nalpha = -1.0", 6, 9, "'alpha' must be > 0, got -1.0", ""},
    {"[partition]\nclients = 0", 6, 11, "'clients' must be in [1, 2147483647], got 0", ""},
    {"[partition]\nscheme = \"dirichlt\"\nalpha = 1", 6, 10, "unknown scheme 'dirichlt' in [partition]",
     "did you mean 'dirichlet'?"},
    {"[partition]\nclients = 5\n[sampling]\nclients_per_round = 6", 8, 21,
     "sampling.clients_per_round: must not exceed the number of clients (5), got 6", "lower it"},
    {"[sampling]\nclients_per_round = 5\nfraction = 0.5", 7, 12,
     "sampling.fraction: stands beside 'clients_per_round': a round's size is written once", ""},
    {"[sampling]\nfraction = 0.0", 6, 12, "'fraction' must be in (0, 1], got 0.0", ""},
    {"[server]\noptimizer = \"adm\"", 6, 13, "unknown optimizer 'adm' in [server]", "did you mean 'adam'?"},
    {"[server]\nbeta1 = 0.9", 6, 1, "unknown key 'beta1' in [server] with optimizer = \"sgd\"",
     "'beta1' is an option of"},
    {"[aggregate]\nrule = \"meen\"", 6, 8, "unknown rule 'meen' in [aggregate]", "did you mean 'mean'?"},
    {"[aggregate]\nweight = \"sample\"", 6, 10, "unknown weight 'sample' in [aggregate]",
     "did you mean 'samples'?"},
    {"[privacy]\nclip = 0.5", 5, 2, "[privacy] is not in this version of fedsim", "take the table out"},
    {"[[update]]\nstage = \"clip\"", 5, 3, "[update] is not in this version of fedsim", ""},
    {"[[client]]\nlr = 1", 5, 3, "'client': expected a table [client], found a list", ""},
    {"[client.extra]\nlr = 1", 5, 9, "unknown key 'extra' in [client]", ""},
    {"[evaluate]\nevery = 0", 6, 9, "'every' must be >= 1, got 0", ""},
    {"[output]\ncheckpoint_every = -1", 6, 20, "'checkpoint_every' must be >= 0, got -1", ""},
    {"[output]\nper_client = 1", 6, 14, "'per_client': expected boolean, found integer 1", ""},
    {"[sampling]\nclients = 5", 6, 1, "unknown key 'clients' in [sampling] with scheme = \"uniform\"",
     "'clients' belongs to [partition]"},
};

}  // namespace

TEST_CASE("bad configs: position, message, help", "[experiment]") {
  for (const auto& one : cases) {
    CAPTURE(one.text);
    const auto found = errors_of(smallest + one.text + "\n");
    REQUIRE(found.size() == 1);
    CHECK(found[0].line == one.line);
    CHECK(found[0].column == one.column);
    CHECK(found[0].message == one.message);
    CHECK(contains(found[0].help, one.help));
  }
}

TEST_CASE("bad top-level keys", "[experiment]") {
  const Case top[] = {
      {"rounds = \"100\"", 1, 10, "'rounds': expected integer, found string \"100\"", ""},
      {"rounds = 1e2", 1, 10, "'rounds': expected integer, found float: 1e2 is not an integer",
       "write rounds = 100"},
      {"rounds = -1", 1, 10, "'rounds' must be >= 0, got -1", ""},
      {"seed = 99999999999999999999", 1, 8,
       "integer 99999999999999999999 is out of range: expected -9223372036854775808 to 9223372036854775807",
       ""},
      {"threads = 100000", 1, 11, "'threads' must be in [0, 4096], got 100000", ""},
      {"dtype = \"float16\"", 1, 9, "unknown dtype 'float16'", "one of: float32, float64"},
      {"device = \"gpu\"", 1, 10, "device: unknown device 'gpu', expected auto, cpu, cuda or cuda:N", ""},
      {"device = \"cuda:\"", 1, 10, "device: unknown device 'cuda:', expected auto, cpu, cuda or cuda:N",
       "did you mean 'cuda'?"},
      {"name = \"../x\"", 1, 8,
       "name: must be a plain file name: not empty, no '/', no control characters, 200 bytes at most", ""},
      {"lr = 0.1", 1, 1, "unknown key 'lr'", "'lr' belongs to [client] or [server]"},
      {"ruonds = 3", 1, 1, "unknown key 'ruonds'", "did you mean 'rounds'?"},
      {"client = 3", 1, 1, "'client': expected a table [client], found integer 3", ""},
  };
  for (const auto& one : top) {
    CAPTURE(one.text);
    const auto found = errors_of(std::string(one.text) + "\n" + smallest);
    REQUIRE(found.size() == 1);
    CHECK(found[0].line == one.line);
    CHECK(found[0].column == one.column);
    CHECK(found[0].message == one.message);
    CHECK(contains(found[0].help, one.help));
  }
  const auto both = errors_of("device = \"cuda\"\ndtype = \"float64\"\n" + smallest);
  REQUIRE(both.size() == 1);
  CHECK(both[0].line == 2);
}

TEST_CASE("what is missing is named with its table", "[experiment]") {
  const auto empty = errors_of("");
  REQUIRE(empty.size() == 2);
  CHECK(empty[0].line == 0);
  CHECK(empty[0].message == "missing required key 'dataset' in [data]");
  CHECK(contains(empty[0].help, "mnist"));
  CHECK(empty[1].message == "missing required key 'name' in [model]");
  CHECK(contains(empty[1].help, "layers = [...]"));
  const auto table = errors_of("[data]\nscale = \"none\"\n[model]\nname = \"cnn\"\n");
  REQUIRE(table.size() == 1);
  CHECK(table[0].line == 1);
}

TEST_CASE("a model is exactly one of three", "[experiment]") {
  const std::string data = "[data]\ndataset = \"mnist\"\n[model]\n";
  CHECK(errors_of(data + "name = \"cnn\"\nlayers = [\"linear 10\"]\n")[0].line == 5);
  CHECK(errors_of(data + "layers = [\"linear 10\"]\ntorchscript = \"m.pt\"\n")[0].line == 5);
  CHECK(errors_of(data + "layers = []\n")[0].message ==
        "model.layers: is empty, expected at least one layer");
  CHECK(errors_of(data + "name = \"quadratic\"\n")[0].message ==
        "model.name: \"quadratic\" goes with data.dataset = \"quadratic\" only, which is \"mnist\"");
  CHECK(errors_of("[data]\ndataset = \"quadratic\"\nfile = \"q.h5\"\n[model]\nname = \"cnn\"\n")[0].line ==
        5);
}

TEST_CASE("all errors of a file come in one pass, bases and --sets too", "[experiment]") {
  const TemporaryFolder folder;
  write_text(folder / "base.toml", "rounds = -1\n");
  const auto file = write_text(folder / "exp.toml",
                               "base = \"base.toml\"\nseed = 1.5\n[data]\ndataset = \"mnits\"\nsize = 3\n"
                               "[model]\nname = \"cn\"\n[client]\nlr = 0\nfoo = 1\n[foo]\n");
  const auto found = complaints_of([&] { read_experiment(file, {"server.lr=-1", "client.epochs=zero"}); });
  std::vector<std::string> places;
  for (const auto& one : found)
    places.push_back(std::filesystem::path(one.file).filename().string() + ":" + std::to_string(one.line) +
                     ":" + std::to_string(one.column));
  CHECK(places == std::vector<std::string>{"base.toml:1:10", "exp.toml:2:8", "exp.toml:4:11", "exp.toml:5:1",
                                           "exp.toml:7:8", "exp.toml:9:6", "exp.toml:10:1", "exp.toml:11:2",
                                           "--set #1:1:11", "--set #2:1:15"});
}

TEST_CASE("an error in a --set shows the --set", "[experiment]") {
  const auto found = errors_of(smallest, {"seed=2", "client.lerning_rate=0.1"});
  REQUIRE(found.size() == 1);
  CHECK(found[0].file == "--set #2");
  CHECK(found[0].source_line == "client.lerning_rate=0.1");
  CHECK(found[0].help == "did you mean 'lr'?");
  CHECK(contains(to_string(found[0]), "error: unknown key 'lerning_rate' in [client]"));
}
