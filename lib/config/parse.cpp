// The only file that uses toml++: text -> Value with positions.
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <optional>

#include "config/value.h"
#include "core/text.h"

namespace fedsim {
namespace {

constexpr std::size_t max_key_parts = 100;  // far above any real key: keeps recursion shallow

Place place_of(const SourcePtr& source, const toml::source_region& region) {
  Place place{.source = source, .line = region.begin.line, .column = region.begin.column};
  if (region.end.line == region.begin.line && region.end.column > region.begin.column) {
    place.width = region.end.column - region.begin.column;
  } else {
    const std::size_t length = code_points(source->line(place.line));
    place.width = length >= place.column ? length - place.column + 1 : 1;
  }
  return place;
}

std::string written(const Place& place) {
  // Columns count code points, the line is bytes.
  const std::string_view line = place.source->line(place.line);
  std::string text;
  std::size_t column = 0;
  for (const char c : line) {
    if ((static_cast<unsigned char>(c) & 0xC0u) != 0x80u) ++column;
    if (column >= place.column + place.width) break;
    if (column >= place.column) text += c;
  }
  return text;
}

Value convert(const SourcePtr& source, const toml::node& node) {
  Value value;
  value.place = place_of(source, node.source());
  switch (node.type()) {
    case toml::node_type::table:
      value.kind = Value::Kind::table;
      for (const auto& [key, child] : *node.as_table()) {
        Value member = convert(source, child);
        member.key = place_of(source, key.source());
        value.members.emplace(std::string(key.str()), std::move(member));
      }
      return value;
    case toml::node_type::array:
      value.kind = Value::Kind::array;
      for (const auto& item : *node.as_array()) value.items.push_back(convert(source, item));
      break;
    case toml::node_type::string:
      value.kind = Value::Kind::string;
      value.text = **node.as_string();
      return value;
    case toml::node_type::integer:
      value.kind = Value::Kind::integer;
      value.integer = **node.as_integer();
      break;
    case toml::node_type::floating_point:
      value.kind = Value::Kind::real;
      value.real = **node.as_floating_point();
      break;
    case toml::node_type::boolean:
      value.kind = Value::Kind::boolean;
      value.boolean = **node.as_boolean();
      break;
    default: value.kind = Value::Kind::date; break;
  }
  value.text = written(value.place);
  return value;
}

/// A key of thousands of dotted parts would nest tables that deep. Returns the line of one, or 0.
std::size_t line_of_endless_key(std::string_view text) {
  std::size_t line = 1, parts = 0;
  char previous = '\n';
  for (const char c : text) {
    if (c == '\n') ++line;
    if (c == '.') {
      parts = previous == '.' ? 0 : parts + 1;
      if (parts > max_key_parts) return line;
    } else if (c == '\n' || c == '=' || c == ',' || c == '[' || c == '#') {
      parts = 0;
    }
    previous = c;
  }
  return 0;
}

/// The part of toml++'s message after "Error while parsing X: ", and X.
std::pair<std::string, std::string> split_description(std::string_view description) {
  constexpr std::string_view lead = "Error while parsing ";
  if (description.starts_with(lead)) {
    const std::size_t colon = description.find(": ");
    if (colon != std::string_view::npos)
      return {std::string(description.substr(colon + 2)),
              std::string(description.substr(lead.size(), colon - lead.size()))};
  }
  return {std::string(description), ""};
}

/// Text between the first pair of single quotes.
std::string quoted_name(std::string_view text) {
  const std::size_t begin = text.find('\'');
  if (begin == std::string_view::npos) return {};
  const std::size_t end = text.find('\'', begin + 1);
  return end == std::string_view::npos ? std::string() : std::string(text.substr(begin + 1, end - begin - 1));
}

/// Walks `dotted` from `table`.
const Value* descend(const Value* table, std::string_view dotted) {
  while (table && !dotted.empty()) {
    const std::size_t dot = dotted.find('.');
    table = table->find(dotted.substr(0, dot));
    dotted = dot == std::string_view::npos ? std::string_view() : dotted.substr(dot + 1);
  }
  return table;
}

/// The table that holds the probe key, "" where there is none.
const Value* table_with(const Value& table, std::string_view probe) {
  if (table.find(probe)) return &table;
  for (const auto& [name, member] : table.members)
    if (const Value* found = table_with(member, probe)) return found;
  for (const auto& item : table.items)
    if (const Value* found = table_with(item, probe)) return found;
  return nullptr;
}

/// Where `name`, repeated at `second`, was first written: the text before the line of the second is whole, and a probe
/// key at its end shows which table is open there.
std::optional<Place> first_of_duplicate(const SourcePtr& source, const std::string& name, const Place& second,
                                        bool header) {
  constexpr std::string_view probe = "__fedsim_probe__";
  const std::size_t begin = source->line_starts.at(second.line - 1);
  try {
    const std::string before = fmt::format("{}{} = 0\n", source->text.substr(0, begin), probe);
    auto prefix = std::make_shared<Source>(*source);
    prefix->text = before;
    prefix->index_lines();
    const Value root = convert(prefix, toml::parse(before));
    const Value* found = descend(header ? &root : table_with(root, probe), name);
    if (found && found->key.line > 0) return found->key;
  } catch (const toml::parse_error&) {
    // The second stands inside a value of several lines: only its own position is known.
  }
  // {a = 1, a = 2}: both on one line.
  const std::string_view line = source->line(second.line);
  const std::size_t at = line.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t column = code_points(line.substr(0, at)) + 1;
  if (column >= second.column) return std::nullopt;
  return Place{.source = source, .line = second.line, .column = column, .width = code_points(name)};
}

/// toml++ points behind the second key; the caret belongs under it.
Place key_before(const Place& place, const std::string& name) {
  const std::string_view line = place.source->line(place.line);
  std::size_t at = std::string_view::npos;
  for (std::size_t next = line.find(name); next != std::string_view::npos; next = line.find(name, next + 1))
    if (code_points(line.substr(0, next)) < place.column || at == std::string_view::npos) at = next;
  if (at == std::string_view::npos) return place;
  return {.source = place.source, .line = place.line, .column = code_points(line.substr(0, at)) + 1,
          .width = code_points(name)};
}

Diagnostic duplicate(const SourcePtr& source, const Place& place, const std::string& what, bool header) {
  const std::string name = quoted_name(what);
  Place second = name.empty() ? place : key_before(place, name);
  const bool table = what.find("table '") != std::string::npos && header;
  const std::string shown = table ? fmt::format("table [{}]", name) : fmt::format("key '{}'", name);
  const auto first = name.empty() ? std::nullopt : first_of_duplicate(source, name, second, header);
  if (!first) return second.error(fmt::format("duplicate key: {}", what));
  return second.error(fmt::format("duplicate {}, first written at {}:{}:{}", shown, source->name, first->line,
                                  first->column),
                      "keep one of the two");
}

/// `key = word`: the commonest slip.
bool unquoted_word(std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return false;
  const std::size_t first = line.find_first_not_of(" \t", equals + 1);
  return first != std::string_view::npos && (std::isalpha(static_cast<unsigned char>(line[first])) != 0);
}

Diagnostic diagnose(const SourcePtr& source, const toml::parse_error& error) {
  const auto [what, part] = split_description(error.description());
  const Place place = place_of(source, error.source());
  if (what.find("cannot redefine existing") != std::string::npos)
    return duplicate(source, {.source = source, .line = place.line, .column = place.column, .width = 1}, what,
                     part == "table header");
  if (what.find("is not representable in 64 bits") != std::string::npos) {
    Place number = key_before(place, quoted_name(what));
    return number.error(fmt::format("integer {} is out of range: expected {} to {}", quoted_name(what),
                                    std::numeric_limits<std::int64_t>::min(),
                                    std::numeric_limits<std::int64_t>::max()));
  }
  const Place point{.source = source, .line = place.line, .column = place.column, .width = 1};
  return point.error(part.empty() ? fmt::format("TOML syntax: {}", what) : fmt::format("TOML syntax, {}: {}", part, what),
                     unquoted_word(source->line(place.line)) ? "text needs quotes: key = \"text\"" : "");
}

std::optional<toml::table> try_parse(std::string_view text) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error&) {
    return std::nullopt;
  }
}

[[noreturn]] void fail_set(const SourcePtr& source, const std::string& message, std::size_t column = 1,
                           std::size_t width = 1) {
  const Place place{.source = source, .line = 1, .column = column, .width = std::max<std::size_t>(width, 1)};
  throw ConfigError({place.error(message, "write --set KEY=VALUE, e.g. --set client.lr=0.1")});
}

/// Gives every part of a --set its place in the text "KEY=VALUE".
void set_places(Value& value, const Place& key, const Place& place) {
  value.key = key;
  value.place = place;
  for (auto& [name, member] : value.members) set_places(member, key, place);
  for (auto& item : value.items) set_places(item, key, place);
}

}  // namespace

std::string config_library_version() {
  return fmt::format("toml++ {}.{}.{}", TOML_LIB_MAJOR, TOML_LIB_MINOR, TOML_LIB_PATCH);
}

std::string name_of(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::boolean: return "boolean";
    case Value::Kind::integer: return "integer";
    case Value::Kind::real: return "float";
    case Value::Kind::string: return "string";
    case Value::Kind::date: return "date";
    case Value::Kind::array: return "list";
    case Value::Kind::table: return "table";
  }
  return "value";
}

std::string describe(const Value& value) {
  constexpr std::size_t longest = 60;
  switch (value.kind) {
    case Value::Kind::table: return "a table";
    case Value::Kind::array: return "a list";
    case Value::Kind::string:
      return value.text.size() <= longest ? fmt::format("string \"{}\"", value.text) : std::string("a string");
    default: return fmt::format("{} {}", name_of(value.kind), value.text);
  }
}

Value parse_toml(const SourcePtr& source) {
  if (const std::size_t line = line_of_endless_key(source->text); line > 0)
    throw ConfigError({Place{.source = source, .line = line, .column = 1}.error(
        fmt::format("a key of more than {} dotted parts", max_key_parts))});
  try {
    return convert(source, toml::parse(source->text));
  } catch (const toml::parse_error& error) {
    throw ConfigError({diagnose(source, error)});
  }
}

Value parse_set(const std::string& text, std::size_t number, const std::filesystem::path& folder, int layer) {
  auto made = std::make_shared<Source>();
  made->name = fmt::format("--set #{}", number);
  made->text = text;
  made->folder = folder;
  made->layer = layer;
  made->index_lines();
  const SourcePtr source = made;
  check_encoding(*source);
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) fail_set(source, "expected KEY=VALUE, found no '='", 1, code_points(text));
  const std::string key = text.substr(0, equals), written_value = text.substr(equals + 1);
  const auto line = [&](std::string_view word) { return fmt::format("{}={}\n", key, word); };
  const bool simple = key.find_first_of("\n[]{}#,") == std::string::npos && line_of_endless_key(key) == 0;
  const auto keys = simple ? try_parse(line("0")) : std::nullopt;
  if (!keys || keys->size() != 1) fail_set(source, fmt::format("'{}' is not a key", key), 1, code_points(key));

  const std::size_t column = code_points(key) + 2;
  const std::size_t width = code_points(written_value);
  if (written_value.empty()) fail_set(source, fmt::format("no value for '{}'", key), column);
  if (line_of_endless_key(written_value) > 0) fail_set(source, "a key of too many dotted parts", column, width);
  auto parsed = try_parse(line(written_value));
  if (!parsed) {
    const bool meant_as_toml = std::string_view("\"'[{").find(written_value.front()) != std::string_view::npos;
    if (meant_as_toml) fail_set(source, fmt::format("'{}' is not a TOML value", written_value), column, width);
    std::string quoted = "\"";
    for (const char c : written_value) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    parsed = try_parse(line(quoted + "\""));
  }
  if (!parsed || parsed->size() != 1 || written_value.find('\n') != std::string::npos)
    fail_set(source, fmt::format("the value of '{}' is not one TOML value", key), column, width);
  Value value = convert(source, *parsed);
  set_places(value, {.source = source, .line = 1, .column = 1, .width = column - 2},
             {.source = source, .line = 1, .column = column, .width = width});
  return value;
}

}  // namespace fedsim
