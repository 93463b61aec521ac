// Keys that nobody asked for: what did the user mean?
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/reader.h"
#include "core/text.h"

namespace fedsim {
namespace {

/// What other frameworks and papers call our keys.
struct Alias {
  std::string_view theirs, ours;
};
constexpr std::array aliases{Alias{"learning_rate", "lr"},
                             Alias{"step_size", "lr"},
                             Alias{"eta", "lr"},
                             Alias{"client_lr", "lr"},
                             Alias{"server_lr", "lr"},
                             Alias{"local_epochs", "epochs"},
                             Alias{"num_epochs", "epochs"},
                             Alias{"local_steps", "steps"},
                             Alias{"batchsize", "batch_size"},
                             Alias{"local_batch_size", "batch_size"},
                             Alias{"batch", "batch_size"},
                             Alias{"wd", "weight_decay"},
                             Alias{"num_clients", "clients"},
                             Alias{"n_clients", "clients"},
                             Alias{"n_parties", "clients"},
                             Alias{"num_rounds", "rounds"},
                             Alias{"comm_round", "rounds"},
                             Alias{"n_rounds", "rounds"},
                             Alias{"random_seed", "seed"},
                             Alias{"num_threads", "threads"},
                             Alias{"num_workers", "threads"},
                             Alias{"client_fraction", "fraction"},
                             Alias{"participation", "fraction"},
                             Alias{"sample_fraction", "fraction"},
                             Alias{"cohort_size", "clients_per_round"},
                             Alias{"num_sampled_clients", "clients_per_round"},
                             Alias{"datadir", "root"},
                             Alias{"data_dir", "root"},
                             Alias{"optim", "optimizer"},
                             Alias{"concentration", "alpha"},
                             Alias{"max_grad_norm", "clip"},
                             Alias{"precision", "dtype"}};

/// nearest() among the keys, then among what others call them.
std::string guess(const std::string& word, const std::vector<std::string>& keys) {
  if (std::string key = nearest(word, keys); !key.empty()) return key;
  std::vector<std::string> theirs;
  for (const auto& alias : aliases)
    if (std::find(keys.begin(), keys.end(), alias.ours) != keys.end()) theirs.emplace_back(alias.theirs);
  const std::string name = nearest(word, theirs);
  for (const auto& alias : aliases)
    if (!name.empty() && alias.theirs == name) return std::string(alias.ours);
  return {};
}

std::string shown_table(const std::string& table) {
  return table.empty() ? std::string("the top level") : fmt::format("[{}]", table);
}

void add_once(std::vector<std::string>& list, const std::string& word) {
  if (std::find(list.begin(), list.end(), word) == list.end()) list.push_back(word);
}

/// Where a key outside `table` may stand: "[partition] with scheme = "dirichlet"", only "[server]" where
/// several choices of that table have it.
std::vector<std::string> other_places(const std::string& key, const std::string& table,
                                      const std::vector<KnownKey>& known) {
  std::vector<std::string> tables, places;
  for (const auto& one : known)
    if (one.key == key && one.table != table) add_once(tables, one.table);
  for (const auto& other : tables) {
    std::vector<std::string> choices;
    for (const auto& one : known)
      if (one.key == key && one.table == other)
        choices.push_back(one.choice.empty() ? std::string()
                                             : fmt::format(" with {} = \"{}\"", one.selector, one.choice));
    places.push_back(shown_table(other) + (choices.size() == 1 ? choices.front() : std::string()));
  }
  return places;
}

/// "'mu' is an option of fedprox": where keys that are not in the chosen object exist. "" where nowhere.
std::string owners(const std::string& key, const std::string& table, const std::vector<KnownKey>& known) {
  std::vector<std::string> choices;
  for (const auto& one : known)
    if (one.key == key && one.table == table && !one.choice.empty())
      add_once(choices, fmt::format("{} = \"{}\"", one.selector, one.choice));
  if (!choices.empty()) return fmt::format("'{}' is an option of {}", key, list_of(choices, "and"));
  const auto places = other_places(key, table, known);
  return places.empty() ? std::string() : fmt::format("'{}' belongs to {}", key, list_of(places, "or"));
}

}  // namespace

bool ConfigReader::left_over(const std::string& key, const Value& value, const std::vector<KnownKey>& known,
                             const std::string& selector) const {
  // A later layer chose another scheme: options that stood beside the choice it replaced go with it.
  const Value* choice = values_->find(selector);
  if (!choice || !choice->place.source || !value.place.source) return false;
  if (value.place.source->layer >= choice->place.source->layer) return false;
  for (const Value* before = choice->replaced.get(); before; before = before->replaced.get())
    for (const auto& one : known)
      if (one.table == table_ && one.key == key && one.choice == before->text) return true;
  return false;
}

void ConfigReader::unknown(const std::string& key, const Value& value, const std::vector<KnownKey>& known,
                           const std::string& selector, const std::string& chosen) {
  std::vector<std::string> here(visited_.begin(), visited_.end()), siblings, elsewhere;
  for (const auto& one : known) add_once(one.table == table_ ? siblings : elsewhere, one.key);
  std::string help = owners(key, table_, known);
  const std::string near = guess(key, here);
  const bool close = !near.empty() && edit_distance(key, near) <= 1;
  if (help.empty() || (close && help.find("belongs to") != std::string::npos)) {
    if (!near.empty()) {
      help = fmt::format("did you mean '{}'?", near);
    } else if (const std::string sibling = guess(key, siblings); !sibling.empty()) {
      help = fmt::format("did you mean '{}'? {}", sibling, owners(sibling, table_, known));
    } else if (const std::string other = nearest(key, elsewhere); !other.empty()) {
      help = fmt::format("did you mean '{}'? {}", other, owners(other, table_, known));
    } else if (!here.empty()) {
      help = fmt::format("keys of {}: {}", shown_table(table_), fmt::join(here, ", "));
    }
  }
  std::string message = table_.empty() ? fmt::format("unknown key '{}'", key)
                                       : fmt::format("unknown key '{}' in [{}]", key, table_);
  if (!selector.empty() && !chosen.empty()) message += fmt::format(" with {} = \"{}\"", selector, chosen);
  complaints_.add(value.key, message, help);
}

void ConfigReader::unknown_table(const std::string& name, const Value& value,
                                 const std::vector<std::string>& tables) {
  const std::string near = nearest(name, tables);
  complaints_.add(value.key,
                  table_.empty() ? fmt::format("unknown table [{}]", name)
                                 : fmt::format("unknown table [{}.{}]", table_, name),
                  near.empty() ? fmt::format("tables: {}", fmt::join(tables, ", "))
                               : fmt::format("did you mean [{}]?", near));
}

void ConfigReader::finish(const std::vector<KnownKey>& known, const std::vector<std::string>& also,
                          const std::string& selector, const std::string& chosen) {
  if (!values_) return;
  const bool unclear =
      !selector.empty() && wrong(selector);  // the choice itself is wrong: any choice's key may stand
  for (const auto& [key, value] : values_->members) {
    if (visited_.contains(key) || std::find(also.begin(), also.end(), key) != also.end()) continue;
    const bool tables = value.is_table() || (value.kind == Value::Kind::array && !value.items.empty() &&
                                             value.items.front().is_table());
    if (table_.empty() && tables) {
      unknown_table(key, value, also);
      continue;
    }
    const bool of_some_choice = std::any_of(known.begin(), known.end(), [&, &name = key](const KnownKey& one) {
      return one.table == table_ && one.key == name && !one.choice.empty();
    });
    if (unclear && of_some_choice) continue;
    if (!selector.empty() && left_over(key, value, known, selector)) continue;
    unknown(key, value, known, selector, chosen);
  }
}

}  // namespace fedsim
