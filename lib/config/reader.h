// Reads one table of a config into Options: types, ranges, choices, and at the end the keys nobody asked for.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"
#include "core/options.h"

namespace fedsim {

/// A key that some config may have, for suggestions: always in its table (`choice` empty), or only where
/// `selector` of the table is `choice`: {"partition", "alpha", "scheme", "dirichlet"}.
struct KnownKey {
  std::string table, key, selector, choice;
};

/// One line of the resolved config.
struct ResolvedKey {
  std::string key;
  std::string text;            // a TOML value
  std::filesystem::path path;  // set where the value is a path: hashed by content
};
struct ResolvedTable {
  std::string name;  // "": the top level
  std::vector<ResolvedKey> keys;
};

/// Used for one or several visit()s of one table. Complaints go to `complaints`; a value that is wrong keeps
/// its default, so that reading goes on.
class ConfigReader final : public OptionVisitor {
 public:
  ConfigReader(const ConfigDocument& document, std::string table, Complaints& complaints);

  void operator()(std::string_view, double&, Range, std::string_view) override;
  void operator()(std::string_view, std::int64_t&, Range, std::string_view) override;
  void operator()(std::string_view, bool&, std::string_view) override;
  void operator()(std::string_view, std::string&, const Choices&, std::string_view) override;
  void operator()(std::string_view, Path&, std::string_view) override;
  void operator()(std::string_view, Bytes&, std::string_view) override;
  void operator()(std::string_view, std::vector<std::string>&, std::string_view) override;
  void operator()(std::string_view, std::vector<double>&, Range, std::string_view) override;
  void operator()(std::string_view, std::optional<double>&, Range, std::string_view) override;
  void operator()(std::string_view, std::optional<std::int64_t>&, Range, std::string_view) override;

  bool written(std::string_view key) const;
  /// True where the key's value was complained about.
  bool wrong(std::string_view key) const { return wrong_.contains(key); }
  /// Complains at the key's value, or at the table where it is not written.
  void reject(const OptionError& error);
  /// "missing required key 'dataset' in [data]", at the table or the file.
  void missing(std::string_view key, const std::string& help);
  /// A default that depends on more than the option: the resolved text of a key that was visited.
  void resolve(const std::string& key, const std::string& text);

  /// Complains of each key of the table that no visit named, nor `also` (tables inside). `selector` is the
  /// table's choosing key, "" where it has none, and `chosen` what it chose.
  void finish(const std::vector<KnownKey>& known, const std::vector<std::string>& also = {},
              const std::string& selector = "", const std::string& chosen = "");

  /// What was visited, in that order, without what has no value.
  ResolvedTable resolved() const;

 private:
  const Value* look(std::string_view key);
  void complain(std::string_view key, const Value& value, const std::string& message,
                const std::string& help = "");
  void wrong_type(std::string_view key, const Value& value, std::string_view expected);
  bool number(std::string_view key, const Value& value, Range allowed, double& result);
  bool integer(std::string_view key, const Value& value, Range allowed, std::int64_t& result);
  void unknown(const std::string& key, const Value& value, const std::vector<KnownKey>& known,
               const std::string& selector, const std::string& chosen);
  void unknown_table(const std::string& name, const Value& value, const std::vector<std::string>& tables);
  bool left_over(const std::string& key, const Value& value, const std::vector<KnownKey>& known,
                 const std::string& selector) const;
  void record(std::string_view key, std::string text, std::filesystem::path path = {});

  const ConfigDocument& document_;
  std::string table_;
  Complaints& complaints_;
  const Value* values_;  // null: the table is absent
  std::set<std::string, std::less<>> visited_, wrong_;
  ResolvedTable resolved_;  // an empty text: no value yet
};

}  // namespace fedsim
