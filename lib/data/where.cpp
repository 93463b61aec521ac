#include "data/where.h"

#include <fmt/format.h>

#include <cstdlib>

#include "core/error.h"

namespace fedsim {

namespace fs = std::filesystem;

namespace {

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool holds_any(const fs::path& folder, const std::vector<std::string>& files) {
  for (const auto& file : files)
    if (is_there(folder / file) || is_there(folder / (file + ".gz"))) return true;
  return false;
}

}  // namespace

std::vector<fs::path> data_folders(const DataContext& context) {
  std::vector<fs::path> folders;
  if (const char* variable = std::getenv("FEDSIM_DATA"); variable && *variable)
    folders.emplace_back(variable);
  if (context.data_root) folders.push_back(context.config_folder / *context.data_root);
  std::error_code error;
  if (const auto here = fs::current_path(error); !error) folders.push_back(here / "datasets/data");
  if (!context.source_tree.empty()) folders.push_back(context.source_tree / "datasets/data");
  if (!context.install_prefix.empty()) folders.push_back(context.install_prefix / "share/fedsim");
  folders.emplace_back("/usr/share/datasets");
  return folders;
}

fs::path find_dataset(const DataContext& context, const std::string& name,
                      const std::vector<std::string>& files) {
  std::string tried;
  for (const auto& base : data_folders(context)) {
    const auto folder = base / name;
    if (holds_any(folder, files)) return folder;
    const auto last = base.has_filename() ? base.filename() : base.parent_path().filename();
    if (last == name && holds_any(base, files)) return base;
    tried += fmt::format("\n  tried {}", folder.string());
  }
  throw DataError(
      fmt::format("dataset '{}' not found: no folder has {}{}\n"
                  "help: fetch it with datasets/scripts/{}/fetch.sh, or set data.root or FEDSIM_DATA to "
                  "the folder that has {}/",
                  name, files.front(), tried, name, name));
}

fs::path plain_or_gzip(const fs::path& folder, const std::string& file) {
  if (is_there(folder / file)) return folder / file;
  if (is_there(folder / (file + ".gz"))) return folder / (file + ".gz");
  throw DataError(
      fmt::format("{}: no such file, nor {}.gz, though other files of the data set are there\n"
                  "help: fetch the data set again",
                  (folder / file).string(), file));
}

}  // namespace fedsim
