#include "config/source.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include "core/text.h"

namespace fedsim {
namespace {

constexpr std::size_t max_shown_line = 240;  // code points: longer ones would only scroll the message away

[[noreturn]] void fail(const std::string& name, std::string message, std::string help = "") {
  throw ConfigError(
      {Diagnostic{.file = name, .message = std::move(message), .source_line = {}, .help = std::move(help)}});
}

std::string_view kind_of(std::filesystem::file_type type) {
  switch (type) {
    case std::filesystem::file_type::directory:
      return "a folder";
    case std::filesystem::file_type::fifo:
      return "a named pipe (FIFO)";
    case std::filesystem::file_type::socket:
      return "a socket";
    case std::filesystem::file_type::character:
      return "a character device";
    case std::filesystem::file_type::block:
      return "a block device";
    default:
      return "not a regular file";
  }
}

/// Length of the UTF-8 sequence at `at`, or nothing where it is malformed, overlong, a surrogate or above
/// U+10FFFF.
std::optional<std::size_t> sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  const unsigned first = byte(at);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF && continues(at + 1)) return 2;
  if (first >= 0xE0 && first <= 0xEF && continues(at + 1) && continues(at + 2)) {
    const unsigned value = ((first & 0x0Fu) << 12) | ((byte(at + 1) & 0x3Fu) << 6) | (byte(at + 2) & 0x3Fu);
    if (value >= 0x800 && (value < 0xD800 || value > 0xDFFF)) return 3;
  }
  if (first >= 0xF0 && first <= 0xF4 && continues(at + 1) && continues(at + 2) && continues(at + 3)) {
    const unsigned top = ((first & 0x07u) << 6) | (byte(at + 1) & 0x3Fu);  // value >> 12
    if (top >= 0x10 && top <= 0x10F) return 4;
  }
  return std::nullopt;
}

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }  // opened for reading: nothing to lose
};

std::string read_all(const std::filesystem::path& file, const std::string& name) {
  const std::unique_ptr<std::FILE, FileCloser> stream(std::fopen(file.c_str(), "rb"));
  if (!stream) fail(name, fmt::format("cannot be read: {}", std::strerror(errno)));
  std::string text;
  char block[65536];
  for (;;) {
    const std::size_t got = std::fread(block, 1, sizeof block, stream.get());
    text.append(block, got);
    if (text.size() > max_config_bytes + 3) fail(name, "grew beyond 16 MB while it was read");
    if (got < sizeof block) break;
  }
  if (std::ferror(stream.get()) != 0) fail(name, fmt::format("cannot be read: {}", std::strerror(errno)));
  return text;
}

}  // namespace

std::size_t code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0u) != 0x80u ? 1 : 0;
  return count;
}

void Source::index_lines() {
  line_starts = {0};
  for (std::size_t at = 0; at < text.size(); ++at)
    if (text[at] == '\n') line_starts.push_back(at + 1);
}

std::string_view Source::line(std::size_t number) const {
  if (number == 0 || number > line_starts.size()) return {};
  std::string_view result = std::string_view(text).substr(line_starts[number - 1]);
  result = result.substr(0, result.find('\n'));
  if (!result.empty() && result.back() == '\r') result.remove_suffix(1);
  return result;
}

Diagnostic Place::error(std::string message, std::string help) const {
  Diagnostic diagnostic{.file = source ? source->name : std::string("config"),
                        .line = line,
                        .column = column,
                        .message = std::move(message),
                        .source_line = {},
                        .help = std::move(help),
                        .width = width};
  if (source && line > 0) {
    const std::string_view text = source->line(line);
    if (code_points(text) <= max_shown_line) diagnostic.source_line = std::string(text);
  }
  return diagnostic;
}

void check_encoding(const Source& source) {
  std::size_t line = 1;
  for (std::size_t at = 0; at < source.text.size();) {
    if (source.text[at] == '\0')
      fail(source.name, fmt::format("NUL byte at offset {} (line {})", at, line),
           "a config is plain UTF-8 text");
    const auto length = sequence_length(source.text, at);
    if (!length)
      fail(source.name,
           fmt::format("not UTF-8: byte 0x{:02X} at offset {} (line {})",
                       static_cast<unsigned char>(source.text[at]), at, line),
           "save the config as UTF-8");
    if (source.text[at] == '\n') ++line;
    at += *length;
  }
}

SourcePtr read_source(const std::filesystem::path& file, const std::string& name, int layer) {
  std::error_code code;
  const auto status = std::filesystem::status(file, code);
  if (status.type() == std::filesystem::file_type::not_found) fail(name, "no such file");
  if (code) fail(name, fmt::format("cannot be read: {}", code.message()));
  if (!std::filesystem::is_regular_file(status))
    fail(name, fmt::format("is {}, expected a config file (TOML)", kind_of(status.type())));
  const auto bytes = std::filesystem::file_size(file, code);
  if (code) fail(name, fmt::format("cannot be read: {}", code.message()));
  if (bytes > max_config_bytes)
    fail(name,
         fmt::format("is {} large; a config may have 16 MB at most", human_bytes(static_cast<double>(bytes))),
         "is this a data file?");
  auto source = std::make_shared<Source>();
  source->name = name;
  source->folder = std::filesystem::absolute(file, code).parent_path();
  source->layer = layer;
  source->text = read_all(file, name);
  check_encoding(*source);
  if (source->text.starts_with("\xEF\xBB\xBF")) source->text.erase(0, 3);
  source->index_lines();
  return source;
}

}  // namespace fedsim
