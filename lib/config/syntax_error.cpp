// What toml++ refuses, told in our words. It stops at the first error and knows one of the two positions of a
// duplicate: the other is found here.
#include <fmt/format.h>

#include <cctype>
#include <limits>
#include <optional>

#include "config/toml_tree.h"

namespace fedsim {
namespace {

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

/// Where `name`, repeated at `second`, was first written: the text before the line of the second is whole,
/// and a probe key at its end shows which table is open there.
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
  return {.source = place.source,
          .line = place.line,
          .column = code_points(line.substr(0, at)) + 1,
          .width = code_points(name)};
}

Diagnostic duplicate(const SourcePtr& source, const Place& place, const std::string& what, bool header) {
  const std::string name = quoted_name(what);
  Place second = name.empty() ? place : key_before(place, name);
  const bool table = what.find("table '") != std::string::npos && header;
  const std::string shown = table ? fmt::format("table [{}]", name) : fmt::format("key '{}'", name);
  const auto first = name.empty() ? std::nullopt : first_of_duplicate(source, name, second, header);
  if (!first) return second.error(fmt::format("duplicate key: {}", what));
  return second.error(
      fmt::format("duplicate {}, first written at {}:{}:{}", shown, source->name, first->line, first->column),
      "keep one of the two");
}

/// `key = word`: the commonest slip.
bool unquoted_word(std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return false;
  const std::size_t first = line.find_first_not_of(" \t", equals + 1);
  return first != std::string_view::npos && (std::isalpha(static_cast<unsigned char>(line[first])) != 0);
}

}  // namespace

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
  return point.error(
      part.empty() ? fmt::format("TOML syntax: {}", what) : fmt::format("TOML syntax, {}: {}", part, what),
      unquoted_word(source->line(place.line)) ? "text needs quotes: key = \"text\"" : "");
}

}  // namespace fedsim
