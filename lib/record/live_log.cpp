#include "record/live_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "core/file.h"
#include "record/columns.h"

namespace fedsim {

std::string to_json(const RoundRow& row) {
  std::string text = "{";
  for (const auto& column : round_columns) {
    if (text.size() > 1) text += ", ";
    text += fmt::format("\"{}\": ", column.name);
    if (const auto* whole = std::get_if<std::int64_t RoundRow::*>(&column.member)) {
      text += fmt::format("{}", row.*(*whole));
    } else {
      const double value = row.*std::get<double RoundRow::*>(column.member);
      text += std::isfinite(value) ? fmt::format("{}", value) : "null";
    }
  }
  return text + "}";
}

LiveLog::LiveLog(const std::filesystem::path& path)
    : path_(path),
      descriptor_(
          ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644)) {
  if (descriptor_ < 0)
    throw OutputError(fmt::format("{}: can't create it: {}", path_.string(), std::strerror(errno)));
}

LiveLog::~LiveLog() { ::close(descriptor_); }

void LiveLog::add(std::span<const RoundRow> rows) {
  constexpr std::size_t at_once = 1 << 16;
  std::string lines;
  for (const RoundRow& row : rows) {
    lines += to_json(row) + "\n";
    if (lines.size() < at_once && &row != &rows.back()) continue;
    if (!write_all(descriptor_, lines))
      throw OutputError(fmt::format("{}: can't write to it: {}", path_.string(), std::strerror(errno)));
    lines.clear();
  }
}

}  // namespace fedsim
