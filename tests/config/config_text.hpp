// Configs from text, and the one diagnostic that a test expects.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "config/document.h"
#include "temporary_folder.hpp"

namespace fedsim::test {

inline std::filesystem::path write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// What `read` complains of; fails the test where it does not complain.
template <class Read>
std::vector<Diagnostic> complaints_of(Read read) {
  try {
    read();
  } catch (const ConfigError& error) {
    CHECK(error.exit() == Exit::config);
    return error.diagnostics();
  }
  FAIL("no ConfigError");
  return {};
}

}  // namespace fedsim::test
