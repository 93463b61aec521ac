// fedsim list: what a config can name, read from the registries themselves.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "commands.h"
#include "core/text.h"
#include "experiment/experiment.h"

namespace fedsim::app {
namespace {

/// One thing that can be chosen, whatever its registry.
struct Item {
  std::string name, help, paper;
  std::vector<OptionInfo> options;
};

/// One registry, under the word that `list` takes and the key that chooses in it.
struct Kind {
  std::string name, key;
  std::function<std::vector<Item>()> items;
};

template <class Base>
std::vector<Item> items_of() {
  std::vector<Item> items;
  for (const auto* entry : Registry<Base>::all())
    items.push_back({entry->name, entry->help, entry->paper, entry->options()});
  return items;
}

/// model.name also takes "quadratic", which is no layer list.
std::vector<Item> models() {
  auto items = items_of<ModelTemplate>();
  const Item quadratic{"quadratic", "the parameters are w itself; goes with the data set quadratic", "", {}};
  const auto place =
      std::find_if(items.begin(), items.end(), [&](const Item& item) { return item.name > quadratic.name; });
  items.insert(place, quadratic);
  return items;
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> list{{"algorithms", "algorithm.name", items_of<Algorithm>},
                                      {"partitions", "partition.scheme", items_of<PartitionScheme>},
                                      {"datasets", "data.dataset", items_of<DataSource>},
                                      {"models", "model.name", models},
                                      {"samplers", "sampling.scheme", items_of<Sampler>},
                                      {"server-optimizers", "server.optimizer", items_of<ServerOptimizer>},
                                      {"rules", "aggregate.rule", items_of<AggregateRule>}};
  return list;
}

void print_items(const Kind& kind, const std::vector<Item>& items) {
  std::size_t width = 0;
  for (const auto& item : items) width = std::max(width, item.name.size());
  fmt::print("{} ({})\n", kind.name, kind.key);
  for (const auto& item : items)
    fmt::print("  {:<{}}  {}{}\n", item.name, width, item.help,
               item.paper.empty() ? std::string() : fmt::format("  [{}]", item.paper));
}

void print_options(const std::vector<OptionInfo>& options) {
  for (const auto& option : options) {
    fmt::print("  {} = {}\n", option.name, option.default_value);
    fmt::print("      {}{}{}\n", option.type, option.allowed.empty() ? "" : ", ", option.allowed);
    fmt::print("      {}\n", option.help);
  }
}

void print_item(const Kind& kind, const Item& item) {
  fmt::print("{}: {}\n", item.name, item.help);
  if (!item.paper.empty()) fmt::print("paper: {}\n", item.paper);
  fmt::print("chosen by: {} = \"{}\"\n", kind.key, item.name);
  if (item.options.empty()) {
    fmt::print("options: none of its own\n");
    return;
  }
  fmt::print("options, in [{}], with their defaults:\n", kind.key.substr(0, kind.key.find('.')));
  print_options(item.options);
}

const Kind& find_kind(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& kind : kinds()) {
    if (kind.name == name || kind.name == name + "s") return kind;
    names.push_back(kind.name);
  }
  const std::string near = nearest(name, names);
  throw UsageError(fmt::format("no kind of things '{}'\nhelp: {}kinds: {}", name,
                               near.empty() ? std::string() : fmt::format("did you mean '{}'? ", near),
                               fmt::join(names, ", ")));
}

void list(const std::string& kind_name, const std::string& name) {
  if (kind_name.empty()) {
    for (const auto& kind : kinds()) {
      print_items(kind, kind.items());
      fmt::print("\n");
    }
    fmt::print("fedsim list KIND NAME shows the options of one.\n");
    return;
  }
  const Kind& kind = find_kind(kind_name);
  const auto items = kind.items();
  if (name.empty()) {
    print_items(kind, items);
    return;
  }
  std::vector<std::string> names;
  for (const auto& item : items) {
    if (item.name == name) {
      print_item(kind, item);
      return;
    }
    names.push_back(item.name);
  }
  const std::string near = nearest(name, names);
  throw UsageError(fmt::format("nothing called '{}' among the {}\nhelp: {}{}: {}", name, kind.name,
                               near.empty() ? std::string() : fmt::format("did you mean '{}'? ", near),
                               kind.name, fmt::join(names, ", ")));
}

struct Arguments {
  std::string kind, name;
};

}  // namespace

void add_list(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("list", "what a config can name, with options, defaults, ranges and papers");
  command->add_option(
      "KIND", arguments->kind,
      "algorithms, partitions, datasets, models, samplers, server-optimizers or rules (default: all)");
  command->add_option("NAME", arguments->name, "one of them: its options");
  command->footer(
      "Examples:\n"
      "  fedsim list\n"
      "  fedsim list algorithms\n"
      "  fedsim list partitions dirichlet");
  command->callback([arguments, &exit_code] {
    list(arguments->kind, arguments->name);
    exit_code = 0;
  });
}

}  // namespace fedsim::app
