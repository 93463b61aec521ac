#include "partition/index_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/hdf5/file.h"
#include "partition/statistics.h"

namespace fedsim {
namespace {

constexpr std::string_view hdf5_signature("\x89HDF\r\n\x1a\n", 8);

std::string contents(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    throw DataError(fmt::format("{}: no such file of index lists", path.string()));
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file && !file.eof())
    throw DataError(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  return text;
}

/// Walks text and counts lines for the messages.
class Scanner {
 public:
  Scanner(const std::filesystem::path& path, std::string_view text) : path_(path), text_(text) {}

  bool done() const { return at_ == text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  void skip(std::string_view characters) {
    while (!done() && characters.find(text_[at_]) != std::string_view::npos) advance();
  }
  void skip_line() {
    while (!done() && text_[at_] != '\n') advance();
  }
  bool take(char c) {
    if (done() || text_[at_] != c) return false;
    advance();
    return true;
  }
  std::int64_t number() {
    std::int64_t value = 0;
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc{} || value < 0) fail("a row number");
    at_ += static_cast<std::size_t>(end - begin);
    return value;
  }
  [[noreturn]] void fail(std::string_view expected) const {
    std::string_view rest = text_.substr(at_, 20);
    rest = rest.substr(0, rest.find('\n'));
    throw DataError(fmt::format("{}:{}: expected {}, got {}", path_.string(), line_, expected,
                                done()         ? std::string("the end of the file")
                                : rest.empty() ? std::string("the end of the line")
                                               : fmt::format("'{}'", rest)));
  }

 private:
  void advance() { line_ += text_[at_++] == '\n'; }
  const std::filesystem::path& path_;
  std::string_view text_;
  std::size_t at_ = 0, line_ = 1;
};

void end_client(IndexLists& lists) {
  lists.offsets.push_back(static_cast<std::int64_t>(lists.indices.size()));
}

IndexLists read_text(Scanner scan) {
  IndexLists lists;
  while (!scan.done()) {
    if (scan.peek() == '#') {
      scan.skip_line();
      scan.take('\n');
      continue;
    }
    for (scan.skip(" \t\r"); !scan.done() && scan.peek() != '\n'; scan.skip(" \t\r"))
      lists.indices.push_back(scan.number());
    scan.take('\n');
    end_client(lists);
  }
  return lists;
}

IndexLists read_json(Scanner scan) {
  constexpr std::string_view space = " \t\r\n";
  IndexLists lists;
  const auto list = [&](auto&& item) {
    scan.skip(space);
    if (!scan.take('[')) scan.fail("'['");
    scan.skip(space);
    if (scan.take(']')) return;
    for (;;) {
      scan.skip(space);
      item();
      scan.skip(space);
      if (scan.take(']')) return;
      if (!scan.take(',')) scan.fail("',' or ']'");
    }
  };
  list([&] {
    list([&] { lists.indices.push_back(scan.number()); });
    end_client(lists);
  });
  scan.skip(space);
  if (!scan.done()) scan.fail("the end of the file");
  return lists;
}

IndexLists read_hdf5(const std::filesystem::path& path) {
  const auto file = hdf5::File::open_foreign(path);
  const auto group = file.root().group("partition");
  if (!group.has("indices") || !group.has("offsets"))
    throw DataError(
        fmt::format("{}: /partition has no index lists: its data were generated on draw", path.string()));
  const auto offsets = group.dataset("offsets"), indices = group.dataset("indices");
  offsets.expect_shape({-1});
  indices.expect_shape({-1});
  IndexLists lists{offsets.read<std::int64_t>(), indices.read<std::int64_t>()};
  const auto& o = lists.offsets;
  if (o.empty() || o.front() != 0 || o.back() != indices.rows() || !std::is_sorted(o.begin(), o.end()))
    throw offsets.error(fmt::format("must ascend from 0 to the number of indices ({})", indices.rows()));
  return lists;
}

}  // namespace

IndexLists read_index_lists(const std::filesystem::path& path) {
  const std::string text = contents(path);
  if (std::string_view(text).substr(0, hdf5_signature.size()) == hdf5_signature) return read_hdf5(path);
  const auto first = text.find_first_not_of(" \t\r\n");
  const Scanner scanner(path, text);
  IndexLists lists =
      first != std::string::npos && text[first] == '[' ? read_json(scanner) : read_text(scanner);
  if (lists.offsets.size() == 1) throw DataError(fmt::format("{}: no client in it", path.string()));
  return lists;
}

void write_index_lists(const std::filesystem::path& path, const Partition& partition, const Dataset& data) {
  auto file = hdf5::File::create(path);
  auto group = file.root().create_group("partition");
  const std::vector<std::int64_t> sizes = client_sizes(partition);
  group.write<std::int64_t>("sizes", {partition.clients()}, sizes);
  if (!data.generated_on_draw) {
    std::vector<std::int64_t> indices(partition.indices.begin(), partition.indices.end());
    if (indices.empty()) {
      indices.resize(static_cast<std::size_t>(partition.offsets.back()));
      std::iota(indices.begin(), indices.end(), std::int64_t{0});
    }
    group.write<std::int64_t>("offsets", {partition.clients() + 1}, partition.offsets);
    group.write<std::int64_t>("indices", {static_cast<std::int64_t>(indices.size())}, indices);
  }
  if (!data.labels.empty())
    group.write<std::int64_t>("label_counts", {partition.clients(), data.classes},
                              label_counts(partition, data));
  file.close();
}

}  // namespace fedsim
