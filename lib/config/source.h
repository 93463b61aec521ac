// Text that was parsed (a config file, or one --set) and places in it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace fedsim {

/// The largest config that is read.
inline constexpr std::size_t max_config_bytes = 16 * 1024 * 1024;

struct Source {
  std::string name;                         // as the user wrote it: "exp.toml", "--set #2"
  std::string text;                         // without a byte-order mark
  std::filesystem::path folder;             // relative paths in it start here
  int layer = 0;                            // higher ones win: bases below 0, the file 0, --set #1 1, ...
  std::vector<std::size_t> line_starts{0};  // byte offsets

  /// Fills line_starts; once, after the text.
  void index_lines();
  /// Line `number` (from 1) without its end; "" past the end.
  std::string_view line(std::size_t number) const;
};
using SourcePtr = std::shared_ptr<const Source>;

/// A stretch of a source. line 0: the whole source.
struct Place {
  SourcePtr source;
  std::size_t line = 0;
  std::size_t column = 0;  // from 1, in code points
  std::size_t width = 1;   // code points, within the line

  Diagnostic error(std::string message, std::string help = "") const;
};

/// Reads and validates a file: regular, not larger than max_config_bytes, UTF-8, no NUL. `name` is what
/// errors call it. Throws ConfigError.
SourcePtr read_source(const std::filesystem::path& file, const std::string& name, int layer = 0);

/// Throws ConfigError where the text is not UTF-8 or holds a NUL, with the byte offset.
void check_encoding(const Source& source);

/// Number of code points of UTF-8 text.
std::size_t code_points(std::string_view text);

}  // namespace fedsim
