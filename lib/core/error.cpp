#include "core/error.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace fedsim {
namespace {

std::string join(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const auto& diagnostic : diagnostics) {
    if (!text.empty()) text += "\n";
    text += to_string(diagnostic);
  }
  return text;
}

}  // namespace

ConfigError::ConfigError(std::vector<Diagnostic> diagnostics)
    : Error(Exit::config, join(diagnostics)), diagnostics_(std::move(diagnostics)) {}

std::string to_string(const Diagnostic& d) {
  std::string text = d.file;
  if (d.line > 0) text += fmt::format(":{}:{}", d.line, d.column);
  text += fmt::format(": error: {}", d.message);
  if (!d.source_line.empty() && d.line > 0) {
    const std::string number = fmt::format("{}", d.line);
    text += fmt::format("\n  {} | {}", number, d.source_line);
    // Tabs are kept in the indent, so that the caret stands under the column whatever the tab width.
    std::string indent;
    std::size_t column = 1;
    for (std::size_t i = 0; i < d.source_line.size() && column < d.column; ++i) {
      const auto byte = static_cast<unsigned char>(d.source_line[i]);
      if ((byte & 0xC0u) == 0x80u) continue;  // inside a code point
      indent += byte == '\t' ? '\t' : ' ';
      ++column;
    }
    text += fmt::format("\n  {} | {}{}", std::string(number.size(), ' '), indent,
                        std::string(std::max<std::size_t>(d.width, 1), '^'));
  }
  if (!d.help.empty()) text += fmt::format("\n  help: {}", d.help);
  return text;
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  const std::size_t limit = std::max<std::size_t>(1, word.size() / 3);
  std::size_t best = limit + 1;
  std::string result;
  for (const auto& candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best) {
      best = distance;
      result = candidate;
    }
  }
  return result;
}

}  // namespace fedsim
