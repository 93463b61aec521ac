#include "data/word_count.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "data/input_file.h"

namespace fedsim {
namespace {

/// Just enough of JSON (RFC 8259): one flat object of whole numbers.
class Parser {
 public:
  Parser(std::string path, std::string_view text) : path_(std::move(path)), text_(text) {}

  std::vector<std::pair<std::string, std::int64_t>> object() {
    std::vector<std::pair<std::string, std::int64_t>> entries;
    expect('{');
    if (next() == '}') return entries;
    for (;;) {
      auto word = string();
      expect(':');
      entries.emplace_back(std::move(word), count());
      if (next() == '}') return entries;
      expect(',');
    }
  }

 private:
  [[noreturn]] void fail(const std::string& expected) const {
    throw DataError(
        fmt::format("{}: byte {}: expected {} of an object {{\"word\": count, ...}}\nhelp: fetch it again",
                    path_, at_, expected));
  }
  char next() {
    at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  void expect(char wanted) {
    if (next() != wanted) fail(fmt::format("'{}'", wanted));
    ++at_;
  }
  std::int64_t count() {
    next();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc{}) fail("a whole number");
    at_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }
  std::string string() {
    expect('"');
    std::string word;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] != '\\')
        word += text_[at_];
      else
        escape(word);
    }
    expect('"');
    return word;
  }
  void escape(std::string& word) {
    constexpr std::string_view names = "\"\\/bfnrt", values = "\"\\/\b\f\n\r\t";
    const char name = ++at_ < text_.size() ? text_[at_] : '\0';
    if (const auto found = names.find(name); found != std::string_view::npos) {
      word += values[found];
      return;
    }
    unsigned code = hex4(name);
    if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_ + 1, 2) == "\\u") {  // a pair makes one character
      at_ += 2;
      code = 0x10000 + ((code - 0xD800) << 10) + (hex4('u') - 0xDC00);
    }
    if (code < 0x80) {
      word += static_cast<char>(code);
      return;
    }
    const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;  // UTF-8: bytes after the first
    word += static_cast<char>((more == 1 ? 0xC0 : more == 2 ? 0xE0 : 0xF0) | code >> 6 * more);
    for (int i = more - 1; i >= 0; --i) word += static_cast<char>(0x80 | (code >> 6 * i & 0x3F));
  }
  /// at_ is at the u of \uXXXX, and is left at the last digit.
  unsigned hex4(char u) {
    unsigned code = 0;
    const auto digits = text_.substr(std::min(at_ + 1, text_.size()), 4);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (u != 'u' || digits.size() < 4 || error != std::errc{} || end != digits.data() + 4) fail("an escape");
    at_ += 4;
    return code;
  }

  std::string path_;
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<std::string> most_frequent_words(const std::filesystem::path& path, std::size_t most) {
  const auto text = InputFile(path).read_text(std::size_t{1} << 32);
  auto entries = Parser(path.string(), text).object();
  if (entries.size() < most)
    throw DataError(fmt::format("{}: {} words, expected at least {}", path.string(), entries.size(), most));
  std::stable_sort(entries.begin(), entries.end(), [](auto& a, auto& b) { return a.second > b.second; });
  std::vector<std::string> words;
  for (std::size_t i = 0; i < most; ++i) words.push_back(std::move(entries[i].first));
  return words;
}

}  // namespace fedsim
