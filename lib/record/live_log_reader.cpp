// Reads NAME.jsonl: flat objects of numbers and nulls, as LiveLog writes them. Not a general JSON reader.
#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <limits>
#include <string_view>

#include "record/result_reader.h"

namespace fedsim {
namespace {

void skip_blanks(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

bool take(std::string_view& text, char wanted) {
  skip_blanks(text);
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

bool take_number(std::string_view& text, double& value) {
  skip_blanks(text);
  if (text.substr(0, 4) == "null") {
    value = std::numeric_limits<double>::quiet_NaN();
    text.remove_prefix(4);
    return true;
  }
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool parse(std::string_view line, std::map<std::string, double>& row) {
  if (!take(line, '{')) return false;
  do {
    if (!take(line, '"')) return false;
    const auto quote = line.find('"');
    if (quote == std::string_view::npos) return false;
    const std::string key(line.substr(0, quote));
    line.remove_prefix(quote + 1);
    if (!take(line, ':') || !take_number(line, row[key])) return false;
  } while (take(line, ','));
  return take(line, '}');
}

}  // namespace

std::map<std::string, std::vector<double>> read_live_log(const std::filesystem::path& path) {
  std::ifstream in(path);
  if (!in) throw DataError(fmt::format("{}: no such file", path.string()));
  std::map<std::string, std::vector<double>> columns;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    std::map<std::string, double> row;
    if (!parse(line, row)) {
      if (in.eof()) break;  // being written right now
      throw DataError(fmt::format("{}:{}: is not a line that fedsim wrote", path.string(), number));
    }
    for (const auto& [key, value] : row) {
      auto& column = columns[key];
      column.resize(number - 1, std::numeric_limits<double>::quiet_NaN());
      column.push_back(value);
    }
  }
  return columns;
}

}  // namespace fedsim
