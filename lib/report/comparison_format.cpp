#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/text.h"
#include "report/comparison.h"

namespace fedsim {
namespace {

using Table = std::vector<std::vector<std::string>>;  // first row: headings

std::string with_spread(const Spread& spread) {
  if (std::isnan(spread.mean)) return "-";
  if (std::isnan(spread.sd)) return fmt::format("{:.4g}", spread.mean);
  return fmt::format("{:.4g} ± {:.2g}", spread.mean, spread.sd);
}

std::string difference(const ComparisonRow& row, bool first) {
  if (first) return "";
  if (row.pairs == 0) return "no seed in common";
  if (std::isnan(row.low)) return fmt::format("{:+.4g} (1 seed)", row.difference);
  return fmt::format("{:+.4g} [{:+.4g}, {:+.4g}] ({} seeds)", row.difference, row.low, row.high, row.pairs);
}

Table for_people(const Comparison& c) {
  Table table{{"runs", "n", fmt::format("best {}", c.metric), "last"}};
  if (c.target)
    for (const auto* what : {"reached", "rounds", "bytes", "time"}) table[0].push_back(what);
  if (c.rows.size() > 1) table[0].push_back("last, difference to the first [95 %]");
  for (const auto& row : c.rows) {
    std::vector<std::string> cells{row.label, fmt::format("{}", row.runs), with_spread(row.best),
                                   with_spread(row.last)};
    if (c.target) {
      cells.push_back(fmt::format("{}/{}", row.reached, row.runs));
      cells.push_back(with_spread(row.rounds));
      cells.push_back(row.reached == 0 ? "-" : human_bytes(row.bytes.mean));
      cells.push_back(row.reached == 0 ? "-" : human_seconds(row.seconds.mean));
    }
    if (c.rows.size() > 1) cells.push_back(difference(row, &row == &c.rows.front()));
    table.push_back(std::move(cells));
  }
  return table;
}

Table for_programs(const Comparison& c, const std::string& missing) {
  const auto number = [&](double value) { return std::isfinite(value) ? fmt::format("{}", value) : missing; };
  Table table{{"label", "metric", "runs", "best_mean", "best_sd", "last_mean", "last_sd", "reached",
               "rounds_to_target", "bytes_to_target", "seconds_to_target", "pairs", "difference",
               "difference_low", "difference_high"}};
  for (const auto& row : c.rows) {
    const bool paired = row.pairs > 0;
    table.push_back(
        {row.label, c.metric, fmt::format("{}", row.runs), number(row.best.mean), number(row.best.sd),
         number(row.last.mean), number(row.last.sd), c.target ? fmt::format("{}", row.reached) : missing,
         c.target ? number(row.rounds.mean) : missing, c.target ? number(row.bytes.mean) : missing,
         c.target ? number(row.seconds.mean) : missing, fmt::format("{}", row.pairs),
         paired ? number(row.difference) : missing, paired ? number(row.low) : missing,
         paired ? number(row.high) : missing});
  }
  return table;
}

std::size_t width_of(const std::string& text) {  // code points
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

std::string aligned(const Table& table, const std::string& between, const std::string& edge, bool rule) {
  std::vector<std::size_t> widths(table[0].size(), 0);
  for (const auto& row : table)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  std::string text;
  for (std::size_t r = 0; r < table.size(); ++r) {
    std::string line = edge;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      line += table[r][i];
      line.append(widths[i] - width_of(table[r][i]), ' ');
      if (i + 1 < widths.size()) line += between;
    }
    if (!edge.empty()) line += " |";
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
    if (r > 0 || !rule) continue;
    text += "|";
    for (const auto width : widths) text += fmt::format("{}|", std::string(width + 2, '-'));
    text += "\n";
  }
  return text;
}

std::string quoted(const std::string& text, char quote, const std::string& escaped) {
  std::string result(1, quote);
  for (const char c : text) {
    if (c == '\\' && escaped[0] == '\\')
      result += "\\\\";
    else if (c == quote)
      result += escaped;
    else
      result += c;
  }
  return result + quote;
}

std::string as_csv(const Table& table) {
  std::string text;
  for (const auto& row : table) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool plain = row[i].find_first_of(",\"\n") == std::string::npos;
      text += fmt::format("{}{}", i > 0 ? "," : "", plain ? row[i] : quoted(row[i], '"', "\"\""));
    }
    text += "\n";
  }
  return text;
}

std::string as_json(const Table& table) {
  std::string text = "[";
  for (std::size_t r = 1; r < table.size(); ++r) {
    text += r > 1 ? ",\n {" : "\n {";
    for (std::size_t i = 0; i < table[r].size(); ++i)
      text += fmt::format("{}\"{}\": {}", i > 0 ? ", " : "", table[0][i],
                          i < 2 ? quoted(table[r][i], '"', "\\\"") : table[r][i]);
    text += "}";
  }
  return text + "\n]\n";
}

}  // namespace

std::string format_comparison(const Comparison& comparison, const std::string& format) {
  if (format == "text") return aligned(for_people(comparison), "  ", "", false);
  if (format == "markdown") return aligned(for_people(comparison), " | ", "| ", true);
  if (format == "csv") return as_csv(for_programs(comparison, ""));
  if (format == "json") return as_json(for_programs(comparison, "null"));
  throw UsageError(fmt::format("unknown format '{}'; known are text, csv, json and markdown", format));
}

}  // namespace fedsim
