// --set KEY=VALUE -> the tables that lead to one value.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "config/toml_tree.h"

namespace fedsim {
namespace {

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
  if (!keys || keys->size() != 1)
    fail_set(source, fmt::format("'{}' is not a key", key), 1, code_points(key));

  const std::size_t column = code_points(key) + 2;
  const std::size_t width = code_points(written_value);
  if (written_value.empty()) fail_set(source, fmt::format("no value for '{}'", key), column);
  if (line_of_endless_key(written_value) > 0)
    fail_set(source, "a key of too many dotted parts", column, width);
  auto parsed = try_parse(line(written_value));
  if (!parsed) {
    const bool meant_as_toml =
        std::string_view("\"'[{").find(written_value.front()) != std::string_view::npos;
    if (meant_as_toml)
      fail_set(source, fmt::format("'{}' is not a TOML value", written_value), column, width);
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
