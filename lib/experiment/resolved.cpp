#include "experiment/resolved.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "core/hash.h"

namespace fedsim {
namespace {

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }  // opened for reading: nothing to lose
};

/// Hash of a file's bytes; "" where it is no readable regular file (whoever opens it says so).
std::string content_hash(const std::filesystem::path& path) {
  std::error_code code;
  if (!std::filesystem::is_regular_file(path, code)) return {};
  const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(path.c_str(), "rb"));
  if (!file) return {};
  Hash hash;
  std::vector<char> block(std::size_t{1} << 20);
  std::size_t got = 0;
  while ((got = std::fread(block.data(), 1, block.size(), file.get())) > 0) hash.add(block.data(), got);
  return std::ferror(file.get()) != 0 ? std::string() : hash.hex();
}

bool hashed(const std::string& table, const std::string& key) {
  if (table == "output") return false;
  return !table.empty() || (key != "name" && key != "rounds" && key != "threads");
}

}  // namespace

std::string resolved_text(const std::vector<ResolvedTable>& tables) {
  std::string text;
  for (const auto& table : tables) {
    if (!table.name.empty()) text += fmt::format("\n[{}]\n", table.name);
    for (const auto& one : table.keys) text += fmt::format("{} = {}\n", one.key, one.text);
  }
  return text;
}

std::string resolved_hash(const std::vector<ResolvedTable>& tables) {
  Hash hash;
  for (const auto& table : tables) {
    for (const auto& one : table.keys) {
      if (!hashed(table.name, one.key)) continue;
      const std::string content = one.path.empty() ? std::string() : content_hash(one.path);
      hash.add(fmt::format("{}.{} = {}\n", table.name, one.key, content.empty() ? one.text : content));
    }
  }
  return hash.hex();
}

}  // namespace fedsim
