// A whole config: the file over its bases, --sets over the file. Knows where every key stands.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/tree.h"
#include "config/value.h"

namespace fedsim {

class ConfigDocument {
 public:
  /// Reads `file`, the chain of `base = "other.toml"` (relative to the file that names it) and the --sets.
  /// Throws ConfigError: unreadable, syntax, a cycle of bases, a base out of the tree, a malformed --set.
  ConfigDocument(const std::filesystem::path& file, const std::vector<std::string>& sets,
                 Outside outside = Outside::refused);

  const Value& root() const { return root_; }
  const SourcePtr& source() const { return source_; }  // the file itself
  /// The table of that name ("" is the root); nullptr where absent or not a table.
  const Value* table(std::string_view name) const;
  /// Nothing where a path that stands in `source` may be read, else why not and what to do.
  struct Refusal {
    std::string message, help;
  };
  std::optional<Refusal> refusal(const std::filesystem::path& path, const Source& source) const;
  /// The value of table.key where written; else the table's header; else the whole file.
  Place place(std::string_view table, std::string_view key) const;

 private:
  Value root_;
  SourcePtr source_;
  ConfigTree tree_;
  Outside outside_;
};

/// What is wrong so far. Reported together, in the order of the text, at most 20.
class Complaints {
 public:
  void add(const Place& place, const std::string& message, const std::string& help = "");
  void add(const ConfigError& error, int layer = 0);
  bool empty() const { return found_.empty(); }
  /// Throws ConfigError where there is any.
  void throw_if_any() const;

 private:
  struct Found {
    int layer;
    Diagnostic diagnostic;
  };
  std::vector<Found> found_;
};

}  // namespace fedsim
