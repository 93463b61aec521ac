#include "data/csv_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <string_view>

#include "core/error.h"
#include "data/input_file.h"

namespace fedsim {
namespace {

class Reader {
 public:
  Reader(std::string path, std::string_view text) : path_(std::move(path)), rest_(text) {
    if (rest_.starts_with("\xEF\xBB\xBF"))
      rest_.remove_prefix(3);  // a byte order mark, as spreadsheets write it
  }

  /// The next line's fields, without quotes; false at the end. Blank lines are passed over.
  bool next(std::vector<std::string>& fields) {
    while (!rest_.empty()) {
      ++row_;
      const auto end = std::min(rest_.find('\n'), rest_.size());
      auto line = rest_.substr(0, end);
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.empty()) continue;
      split(line, fields);
      return true;
    }
    return false;
  }

  [[noreturn]] void fail(std::size_t column, const std::string& message) const {
    throw DataError(fmt::format("{}:{}:{}: {}", path_, row_, column + 1, message));
  }

 private:
  void split(std::string_view line, std::vector<std::string>& fields) const {
    fields.clear();
    for (;;) {
      std::string field;
      if (line.starts_with('"')) {
        line.remove_prefix(1);
        for (;; line.remove_prefix(1)) {
          if (line.empty()) fail(fields.size(), "a quote is not closed on its line");
          if (line.starts_with("\"\""))
            line.remove_prefix(1);
          else if (line.front() == '"')
            break;
          field += line.front();
        }
        line.remove_prefix(1);
        if (!line.empty() && line.front() != ',')
          fail(fields.size(), "expected a comma after the closing quote");
      } else {
        field = line.substr(0, line.find(','));
        line.remove_prefix(field.size());
      }
      fields.push_back(std::move(field));
      if (line.empty()) return;
      line.remove_prefix(1);
    }
  }

  std::string path_;
  std::string_view rest_;
  std::size_t row_ = 0;
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

double number(const Reader& reader, std::size_t column, const std::string& name, std::string_view field,
              bool allow_nonfinite) {
  auto text = trimmed(field);
  if (text.empty()) reader.fail(column, fmt::format("empty field in column '{}', expected a number", name));
  if (text.front() == '+') text.remove_prefix(1);  // from_chars takes no plus
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range)
    reader.fail(column, fmt::format("'{}' in column '{}' is beyond the range of a double", text, name));
  if (error != std::errc{} || end != text.data() + text.size())
    reader.fail(column,
                fmt::format("expected a number in column '{}', found '{}'", name, text.substr(0, 40)));
  if (!allow_nonfinite && !std::isfinite(value))
    reader.fail(column,
                fmt::format("{} in column '{}', expected a finite number\nhelp: clean the data, or set "
                            "data.allow_nonfinite = true",
                            text, name));
  return value;
}

void check_names(const Reader& reader, const std::vector<std::string>& names) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) reader.fail(i, "empty column name in the header");
    if (!seen.insert(names[i]).second) reader.fail(i, fmt::format("column '{}' is there twice", names[i]));
  }
}

}  // namespace

CsvTable read_csv(const std::filesystem::path& path, bool allow_nonfinite) {
  InputFile file(path);
  const auto text = file.read_text(std::size_t{1} << 36);
  Reader reader(path.string(), text);
  CsvTable table;
  if (!reader.next(table.columns)) throw DataError(fmt::format("{}: no header row", path.string()));
  for (auto& name : table.columns) name = trimmed(name);
  check_names(reader, table.columns);
  std::vector<std::string> fields;
  while (reader.next(fields)) {
    if (fields.size() != table.columns.size())
      reader.fail(
          std::min(fields.size(), table.columns.size()),
          fmt::format("{} fields, expected {} as in the header", fields.size(), table.columns.size()));
    for (std::size_t i = 0; i < fields.size(); ++i)
      table.values.push_back(number(reader, i, table.columns[i], fields[i], allow_nonfinite));
  }
  if (table.values.empty()) throw DataError(fmt::format("{}: a header and no rows", path.string()));
  return table;
}

}  // namespace fedsim
