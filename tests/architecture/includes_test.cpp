// A folder of lib/ includes only itself and folders above it in the pipeline; each large library is known to one place.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "architecture/source_tree.h"
#include "catch.hpp"

namespace fedsim::test {
namespace {

/// In the order of lib/CMakeLists.txt.
const std::vector<std::string> folders{"core",  "config",     "data",      "partition", "sampling",
                                       "model", "algorithm",  "aggregate", "server",    "train",
                                       "experiment", "record", "run",      "report"};

/// "data" of "lib/data/npz.cpp" and of "data/npz.h".
std::string folder_of(const std::string& file) {
  const std::size_t begin = file.rfind("lib/", 0) == 0 ? 4 : 0;
  const auto end = file.find('/', begin);
  return end == std::string::npos ? "" : file.substr(begin, end - begin);
}

std::size_t rank(const std::string& folder) {
  return static_cast<std::size_t>(std::find(folders.begin(), folders.end(), folder) - folders.begin());
}

/// What is wrong with the includes of lib/, one sentence each.
std::vector<std::string> order_violations(const std::vector<Include>& includes) {
  std::vector<std::string> wrong;
  for (const auto& include : includes) {
    const std::string from = folder_of(include.file), to = folder_of(include.name);
    if (!include.quoted || to.empty()) continue;
    if (rank(to) == folders.size() || rank(to) > rank(from))
      wrong.push_back(fmt::format("{}:{} includes \"{}\"", include.file, include.line, include.name));
  }
  return wrong;
}

bool starts_with(const std::string& text, const std::string& start) { return text.rfind(start, 0) == 0; }

/// A library, how its headers are told, and the only folders that may include them.
struct Rule {
  const char* library;
  std::function<bool(const std::string&)> header;
  std::vector<std::string> allowed;
};

const std::vector<Rule>& rules() {
  static const std::vector<Rule> list{
      {"LibTorch",
       [](const std::string& name) {
         return starts_with(name, "torch/") || starts_with(name, "ATen/") || starts_with(name, "c10/");
       },
       {"lib/train/"}},
      {"HDF5's C API",
       [](const std::string& name) { return name == "hdf5.h" || starts_with(name, "H5"); },
       {"lib/core/hdf5/"}},
      {"oneTBB",
       [](const std::string& name) { return starts_with(name, "tbb/") || starts_with(name, "oneapi/tbb"); },
       {"lib/run/"}},
      {"CLI11", [](const std::string& name) { return starts_with(name, "CLI/"); }, {"apps/"}},
      {"toml++",
       [](const std::string& name) { return starts_with(name, "toml++/") || name == "toml.hpp"; },
       {"lib/config/"}},
      {"LMDB", [](const std::string& name) { return name == "lmdb.h"; }, {"lib/record/"}},
  };
  return list;
}

std::vector<std::string> library_violations(const Rule& rule, const std::vector<Include>& includes) {
  std::vector<std::string> wrong;
  for (const auto& include : includes) {
    if (!rule.header(include.name)) continue;
    const bool allowed = std::any_of(rule.allowed.begin(), rule.allowed.end(),
                                     [&](const std::string& folder) { return starts_with(include.file, folder); });
    if (!allowed) wrong.push_back(fmt::format("{}:{} includes <{}>", include.file, include.line, include.name));
  }
  return wrong;
}

}  // namespace

TEST_CASE("architecture: a folder of lib includes only folders above it", "[architecture]") {
  for (const auto& file : sources("lib")) {
    INFO(file);
    REQUIRE(rank(folder_of(file)) < folders.size());  // a new folder: add it here and in lib/CMakeLists.txt
  }
  const auto wrong = order_violations(includes_in("lib"));
  INFO(fmt::format("{}", fmt::join(wrong, "\n")));
  CHECK(wrong.empty());
}

TEST_CASE("architecture: the folders stand in the order of lib/CMakeLists.txt", "[architecture]") {
  const auto expected = fmt::format("foreach(module {})", fmt::join(folders, " "));
  CHECK(text_of("lib/CMakeLists.txt").find(expected) != std::string::npos);
}

TEST_CASE("architecture: each large library is included in one place", "[architecture]") {
  auto includes = includes_in("lib");
  const auto apps = includes_in("apps");
  includes.insert(includes.end(), apps.begin(), apps.end());
  for (const auto& rule : rules()) {
    const auto wrong = library_violations(rule, includes);
    INFO(rule.library << "\n" << fmt::format("{}", fmt::join(wrong, "\n")));
    CHECK(wrong.empty());
    // The rule is about headers that exist: its own folder includes one.
    CHECK(std::any_of(includes.begin(), includes.end(), [&](const Include& i) { return rule.header(i.name); }));
  }
}

TEST_CASE("architecture: the checks find what they look for", "[architecture]") {
  const auto found = includes_of("lib/core/x.h", "#pragma once\n#include <torch/script.h>\n  #  include \"data/dataset.h\"\n");
  REQUIRE(found.size() == 2);
  CHECK(found[1].line == 3);
  CHECK(order_violations(found) == std::vector<std::string>{"lib/core/x.h:3 includes \"data/dataset.h\""});
  CHECK(library_violations(rules().front(), found) ==
        std::vector<std::string>{"lib/core/x.h:2 includes <torch/script.h>"});
  CHECK(order_violations(includes_of("lib/run/x.cpp", "#include \"core/vec.h\"\n#include \"x.h\"\n")).empty());
}

TEST_CASE("architecture: no file is longer than the rare limit of 400 lines", "[architecture]") {
  for (const char* folder : {"lib", "apps"})
    for (const auto& file : sources(folder)) {
      const std::string text = text_of(file);
      INFO(file);
      CHECK(std::count(text.begin(), text.end(), '\n') <= 400);
    }
}

TEST_CASE("architecture: no header opens a namespace for everyone", "[architecture]") {
  for (const char* folder : {"lib", "apps"})
    for (const auto& file : sources(folder))
      if (file.substr(file.rfind('.')) == ".h") {
        INFO(file);
        CHECK(text_of(file).find("using namespace") == std::string::npos);
        CHECK(text_of(file).find("#pragma once") != std::string::npos);
      }
}

}  // namespace fedsim::test
