// A TOML value that knows where it stands. The parser library's own trees lose their positions when copied,
// so they are turned into these at once and merged as these.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/source.h"

namespace fedsim {

struct Value {
  enum class Kind { boolean, integer, real, string, date, array, table } kind = Kind::table;
  bool boolean = false;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;                                   // string; the text as written of all but tables
  std::vector<Value> items;                           // array
  std::map<std::string, Value, std::less<>> members;  // table
  Place key;                                          // of the key (a table: of its name in the header)
  Place place;                                        // of the value
  std::shared_ptr<const Value> replaced;              // what stood here in a lower layer

  bool is_table() const { return kind == Kind::table; }
  const Value* find(std::string_view name) const {
    const auto found = members.find(name);
    return found == members.end() ? nullptr : &found->second;
  }
};

/// "integer", "float", "string", ...
std::string name_of(Value::Kind kind);
/// "string \"100\"", "float 1e2", "a table": what an error says was found.
std::string describe(const Value& value);

/// Parses a source into a table. Throws ConfigError with the position; for a duplicate key with both.
Value parse_toml(const SourcePtr& source);

/// Parses the n-th --set (from 1): KEY=VALUE, the key dotted, the value TOML or a bare word. Returns the
/// tables that lead to it. Paths in it are relative to `folder`.
Value parse_set(const std::string& text, std::size_t number, const std::filesystem::path& folder, int layer);

/// Lays `upper` over `lower`, table by table; what `upper` writes wins.
void merge_over(Value& lower, const Value& upper);

/// The TOML library and its version, "toml++ 3.3.0".
std::string config_library_version();

}  // namespace fedsim
