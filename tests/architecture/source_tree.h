// The project's source files and what they include.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace fedsim::test {

struct Include {
  std::string file;  // relative to the checkout: "lib/data/npz.cpp"
  std::size_t line = 0;
  std::string name;  // "core/vec.h", "torch/script.h"
  bool quoted = false;
};

/// Every .h and .cpp under `folder` of the checkout, relative to it, sorted.
std::vector<std::string> sources(const std::string& folder);
/// The includes of a source text; `file` only names it.
std::vector<Include> includes_of(const std::string& file, const std::string& text);
/// The includes of every file under `folder`.
std::vector<Include> includes_in(const std::string& folder);
std::string text_of(const std::string& file);

}  // namespace fedsim::test
