// Config -> Experiment: defaults, choices, who wins.
#include "experiment/experiment_text.hpp"

using namespace fedsim;
using namespace fedsim::test;

TEST_CASE("the smallest config has the interface's defaults", "[experiment]") {
  const Experiment e = experiment_of(smallest);
  CHECK(e.run.name == "exp");  // the file's stem
  CHECK(e.run.seed == 1);
  CHECK(e.run.rounds == 100);
  CHECK(e.run.device == "auto");
  CHECK(e.run.threads == 0);
  CHECK(e.run.dtype == "float32");
  CHECK(e.run.trainer == "auto");
  CHECK(e.data.train_limit == 0);
  CHECK(e.data.scale == "unit");
  CHECK(e.partition.scheme == "dirichlet");
  CHECK(e.partition.clients == 100);
  CHECK(e.client.optimizer == "sgd");
  CHECK(e.client.lr == 0.05);
  CHECK(e.client.momentum == 0.0);
  CHECK(e.client.weight_decay == 0.0);
  CHECK(e.client.batch_size == 10);
  CHECK(e.client.epochs == 1);
  CHECK_FALSE(e.client.steps.has_value());
  CHECK(e.client.lr_decay == 1.0);
  CHECK(e.sampling.scheme == "uniform");
  CHECK(e.sampling.clients_per_round == 10);
  CHECK(e.algorithm.entry->name == "fedavg");
  CHECK(e.server_optimizer == "sgd");
  CHECK(e.aggregate.rule == "mean");
  CHECK(e.aggregate.weight == "auto");
  CHECK(e.aggregate.on_nonfinite == "drop");
  CHECK(e.evaluate.every == 1);
  CHECK_FALSE(e.evaluate.per_client);
  CHECK(e.output.per_client);
  CHECK(e.output.checkpoint_every == 10);
  CHECK(e.source.entry->name == "mnist");
  CHECK(e.scheme.object);
  CHECK(e.model_template.object);
  CHECK(e.sampler.object);
  CHECK(e.server.object);
  CHECK(e.rule.object);
  CHECK(e.source_config == smallest);
  CHECK(e.hash.size() == 64);
}

TEST_CASE("a server optimiser has its own default step size", "[experiment]") {
  // Interface: 1 for sgd and momentum, 0.01 for adam and yogi, 0.1 for adagrad.
  const std::pair<const char*, const char*> defaults[] = {
      {"sgd", "1.0"}, {"momentum", "1.0"}, {"adam", "0.01"}, {"yogi", "0.01"}, {"adagrad", "0.1"}};
  for (const auto& [optimizer, lr] : defaults) {
    CAPTURE(optimizer);
    const auto e = experiment_of(smallest + "[server]\noptimizer = \"" + optimizer + "\"\n");
    CHECK(e.resolved.find(std::string("optimizer = \"") + optimizer + "\"\nlr = " + lr + "\n") !=
          std::string::npos);
  }
}

TEST_CASE("--set wins over the file and needs no table there", "[experiment]") {
  const Experiment e =
      experiment_of(smallest + "[client]\nlr = 0.1\n",
                    {"client.lr=0.2", "partition.scheme=iid", "client.steps=4", "rounds=0", "name=a-b"});
  CHECK(e.client.lr == 0.2);
  CHECK(e.partition.scheme == "iid");
  CHECK(e.client.steps == 4);
  CHECK_FALSE(e.client.epochs.has_value());
  CHECK(e.run.rounds == 0);  // evaluate only
  CHECK(e.run.name == "a-b");
}

TEST_CASE("options of a choice that a later layer replaced go with it", "[experiment]") {
  const std::string dirichlet = smallest + "[partition]\nscheme = \"dirichlet\"\nalpha = 0.1\n";
  CHECK(experiment_of(dirichlet, {"partition.scheme=iid"}).scheme.entry->name == "iid");
  // In one layer it is an error, and so is a key that the replaced choice did not have.
  CHECK(errors_of(smallest + "[partition]\nscheme = \"iid\"\nalpha = 0.1\n").size() == 1);
  CHECK(errors_of(dirichlet + "mu = 1\n", {"partition.scheme=iid"}).size() == 1);
  CHECK(errors_of(dirichlet, {"partition.scheme=iid", "partition.alpha=0.3"}).size() == 1);
}

TEST_CASE("the cohort: clients_per_round, a fraction rounded half up, or ten", "[experiment]") {
  SamplingOptions options;
  CHECK(options.cohort(100) == 10);
  CHECK(options.cohort(7) == 7);
  options.fraction = 0.1;  // max(1, floor(f N + 1/2))
  CHECK(options.cohort(100) == 10);
  CHECK(options.cohort(5) == 1);   // 0.5 + 0.5
  CHECK(options.cohort(4) == 1);   // 0.4 + 0.5 -> 0, at least one
  CHECK(options.cohort(25) == 3);  // 2.5 + 0.5
  options.fraction = 1.0;
  CHECK(options.cohort(7) == 7);
  options.fraction.reset();
  options.clients_per_round = 8;
  CHECK(options.cohort(8) == 8);
  CHECK_THROWS_AS(options.cohort(7), OptionError);
}

TEST_CASE("clients that come with the data have no default number", "[experiment]") {
  const auto natural = experiment_of(smallest + "[partition]\nscheme = \"natural\"\n");
  CHECK_FALSE(natural.partition.clients.has_value());
  CHECK_FALSE(natural.sampling.clients_per_round.has_value());
  const auto quadratic =
      experiment_of("[data]\ndataset = \"quadratic\"\nfile = \"q.h5\"\n[model]\nname = \"quadratic\"\n");
  CHECK(quadratic.partition.scheme == "natural");
  CHECK_FALSE(quadratic.model_template.object);
}

TEST_CASE("an error that shows later is located where the key stands", "[experiment]") {
  const TemporaryFolder folder;
  const auto file = write_text(folder / "exp.toml", smallest + "[partition]\nclients = 50\n");
  const Experiment e = read_experiment(file);
  const auto at = [&](const std::string& table, const OptionError& error) {
    return e.error_at(table, error).diagnostics().at(0);
  };
  const auto clients = at("partition", {"clients", "must be at most 40, got 50", "lower it"});
  CHECK(clients.line == 6);
  CHECK(clients.column == 11);
  CHECK(clients.message == "partition.clients: must be at most 40, got 50");
  CHECK(clients.help == "lower it");
  // Raised by another stage, the key is still where the user wrote it.
  CHECK(at("data", {"clients", "too many", ""}).line == 6);
  // Not written: the table, else the file.
  CHECK(at("partition", {"scheme", "does not fit", ""}).line == 5);
  CHECK(at("sampling", {"clients_per_round", "too many", ""}).line == 0);
  CHECK(at("", {"rounds", "too many", ""}).message == "rounds: too many");
}
