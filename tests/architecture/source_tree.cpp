#include "architecture/source_tree.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace fedsim::test {
namespace {

namespace fs = std::filesystem;

const fs::path& root() {
  static const fs::path path = FEDSIM_SOURCE_DIR;
  return path;
}

}  // namespace

std::vector<std::string> sources(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(root() / folder)) {
    const auto ending = entry.path().extension();
    if (entry.is_regular_file() && (ending == ".h" || ending == ".hpp" || ending == ".cpp"))
      files.push_back(fs::relative(entry.path(), root()).generic_string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<Include> includes_of(const std::string& file, const std::string& text) {
  static const std::regex pattern(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> result;
  std::istringstream stream(text);
  std::string line;
  for (std::size_t number = 1; std::getline(stream, line); ++number) {
    std::smatch match;
    if (std::regex_search(line, match, pattern)) result.push_back({file, number, match[2], match[1] == "\""});
  }
  return result;
}

std::vector<Include> includes_in(const std::string& folder) {
  std::vector<Include> result;
  for (const auto& file : sources(folder)) {
    auto found = includes_of(file, text_of(file));
    result.insert(result.end(), found.begin(), found.end());
  }
  return result;
}

std::string text_of(const std::string& file) {
  std::ifstream stream(root() / file, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace fedsim::test
