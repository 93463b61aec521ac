// Text -> Value with positions.
#include <fmt/format.h>

#include "config/toml_tree.h"

namespace fedsim {
namespace {

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

}  // namespace

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
    default:
      value.kind = Value::Kind::date;
      break;
  }
  value.text = written(value.place);
  return value;
}

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

std::string config_library_version() {
  return fmt::format("toml++ {}.{}.{}", TOML_LIB_MAJOR, TOML_LIB_MINOR, TOML_LIB_PATCH);
}

std::string name_of(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::boolean:
      return "boolean";
    case Value::Kind::integer:
      return "integer";
    case Value::Kind::real:
      return "float";
    case Value::Kind::string:
      return "string";
    case Value::Kind::date:
      return "date";
    case Value::Kind::array:
      return "list";
    case Value::Kind::table:
      return "table";
  }
  return "value";
}

std::string describe(const Value& value) {
  constexpr std::size_t longest = 60;
  switch (value.kind) {
    case Value::Kind::table:
      return "a table";
    case Value::Kind::array:
      return "a list";
    case Value::Kind::string:
      return value.text.size() <= longest ? fmt::format("string \"{}\"", value.text)
                                          : std::string("a string");
    default:
      return fmt::format("{} {}", name_of(value.kind), value.text);
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

}  // namespace fedsim
