#include "fedsim/version.h"

#include <fmt/core.h>
#include <sodium.h>
#include <zlib.h>

#include <CLI/CLI.hpp>

#include "config/value.h"
#include "core/hdf5/file.h"
#include "run/tbb_version.h"
#include "train/torch_version.h"

namespace fedsim::app {
namespace {

/// fmt has its version as one number: 90100 is 9.1.0.
std::string fmt_version() {
  return fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100);
}

}  // namespace

std::string version_text() {
  std::string text = fmt::format("fedsim {}\n", FEDSIM_VERSION);
  const auto library = [&](const char* name, const std::string& version) {
    text += fmt::format("  {:<10}{}\n", name, version);
  };
  library("LibTorch", torch_version());
  library("HDF5", hdf5::version());
  library("oneTBB", tbb_version());
  const std::string toml = config_library_version();  // "toml++ 3.3.0"
  library("toml++", toml.substr(toml.find(' ') + 1));
  library("CLI11", CLI11_VERSION);
  library("fmt", fmt_version());
  library("libsodium", sodium_version_string());
  library("zlib", zlibVersion());
  text.pop_back();  // whoever prints it ends the line
  return text;
}

}  // namespace fedsim::app
