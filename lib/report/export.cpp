#include "report/export.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"

namespace fedsim {

std::string export_rounds(const RunData& run, const std::string& format) {
  if (format != "csv" && format != "jsonl")
    throw UsageError(fmt::format("unknown format '{}'; known are csv and jsonl", format));
  const bool csv = format == "csv";
  std::vector<std::string> names{"round"};
  for (const auto& [name, values] : run.columns)
    if (name != "round") names.push_back(name);
  std::string text;
  for (std::size_t i = 0; csv && i < names.size(); ++i)
    text += fmt::format("{}{}", i > 0 ? "," : "", names[i]);
  if (csv) text += "\n";
  for (std::size_t t = 0; t < run.column("round").size(); ++t) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const double value = run.column(names[i])[t];
      const auto number = std::isfinite(value) ? fmt::format("{}", value) : std::string(csv ? "" : "null");
      text += csv ? fmt::format("{}{}", i > 0 ? "," : "", number)
                  : fmt::format("{}\"{}\": {}", i > 0 ? ", " : "{", names[i], number);
    }
    text += csv ? "\n" : "}\n";
  }
  return text;
}

}  // namespace fedsim
