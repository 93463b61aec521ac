#include "run/prepare.h"

#include <algorithm>
#include <numeric>

namespace fedsim {
namespace {

/// Runs f; an OptionError becomes a ConfigError at its place in `table`.
template <class F>
auto located(const Experiment& experiment, std::string_view table, F&& f) {
  try {
    return f();
  } catch (const OptionError& error) {
    throw experiment.error_at(table, error);
  }
}

DataContext context_of(const Experiment& experiment) {
  DataContext context;
  context.config_folder = experiment.file.parent_path();
  if (!experiment.data.root.empty()) context.data_root = experiment.data.root.text;
  context.source_tree = FEDSIM_SOURCE_TREE;
  context.install_prefix = FEDSIM_INSTALL_PREFIX;
  context.seed = static_cast<std::uint64_t>(experiment.run.seed);
  context.clients = experiment.partition.clients.value_or(0);
  context.scale = experiment.data.scale;
  context.test_fraction = experiment.data.test_fraction;
  context.allow_nonfinite = experiment.data.allow_nonfinite;
  return context;
}

/// data.train_limit: the first rows of a seeded shuffle, ascending. Empty: all.
std::vector<std::uint32_t> limited_rows(const Experiment& experiment, const Dataset& data) {
  const std::int64_t limit = experiment.data.train_limit;
  if (limit == 0 || data.quadratic) return {};
  if (data.generated_on_draw)
    throw OptionError{"train_limit", "the samples of this data set are made when a client is drawn", "leave it out"};
  if (limit >= data.train->size()) return {};
  std::vector<std::uint32_t> rows(static_cast<std::size_t>(data.train->size()));
  std::iota(rows.begin(), rows.end(), 0u);
  Random random(static_cast<std::uint64_t>(experiment.run.seed), Purpose::subset);
  random.shuffle(std::span(rows));
  rows.resize(static_cast<std::size_t>(limit));
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace

Prepared prepare(const Experiment& experiment) {
  Prepared prepared;
  prepared.data = located(experiment, "data", [&] { return experiment.source->load(context_of(experiment)); });
  PartitionInput input;
  input.data = &prepared.data;
  input.rows = located(experiment, "data", [&] { return limited_rows(experiment, prepared.data); });
  input.clients = experiment.partition.clients.value_or(0);
  input.seed = static_cast<std::uint64_t>(experiment.run.seed);
  prepared.partition = located(experiment, "partition", [&] { return experiment.scheme->split(input); });
  return prepared;
}

std::unique_ptr<Engine> prepare_engine(const Experiment& experiment, const Dataset& data) {
  ModelChoice choice;
  choice.quadratic = experiment.model.name == "quadratic";
  if (choice.quadratic != static_cast<bool>(data.quadratic))
    throw experiment.error_at("model", {"name", "the model \"quadratic\" and the data set \"quadratic\" go together", ""});
  choice.torchscript = experiment.model.torchscript;
  choice.layers = experiment.model.layers;
  return located(experiment, "model", [&] {
    if (experiment.model_template.object) choice.layers = experiment.model_template->layers(data);
    return make_engine(choice, data, experiment.run.trainer, experiment.run.device, experiment.run.value_type());
  });
}

}  // namespace fedsim
