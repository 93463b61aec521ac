#include "experiment/experiment.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/document.h"
#include "experiment/known_keys.h"

namespace fedsim {

ConfigError Experiment::error_at(std::string_view table, const OptionError& error) const {
  // A data source may object to partition.clients: the key's own table is where the user has to look.
  std::string home(table);
  const auto keys = known_keys();
  const auto in = [&](std::string_view name) {
    return std::any_of(keys.begin(), keys.end(),
                       [&](const KnownKey& one) { return one.table == name && one.key == error.option; });
  };
  if (!in(home)) {
    for (const auto& name : known_tables()) {
      if (in(name)) {
        home = name;
        break;
      }
    }
  }
  std::string where = home;
  if (!error.option.empty()) where += fmt::format("{}{}", home.empty() ? "" : ".", error.option);
  const std::string message = where.empty() ? error.message : fmt::format("{}: {}", where, error.message);
  return ConfigError({places->place(home, error.option).error(message, error.help)});
}

}  // namespace fedsim
