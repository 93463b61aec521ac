#include "config/tree.h"

#include <algorithm>
#include <system_error>

namespace fedsim {
namespace {

namespace fs = std::filesystem;

fs::path resolved(const fs::path& path) {
  std::error_code code;
  const fs::path absolute = fs::absolute(path, code);
  const fs::path result = fs::weakly_canonical(absolute, code);
  return code ? absolute.lexically_normal() : result;
}

/// The nearest of `folder` and those around it for which `is_root` holds; empty where none is.
template <class Test>
fs::path nearest_folder(fs::path folder, Test is_root) {
  for (;; folder = folder.parent_path()) {
    if (is_root(folder)) return folder;
    if (folder == folder.parent_path()) return {};
  }
}

}  // namespace

ConfigTree::ConfigTree(const fs::path& config) {
  const fs::path own = resolved(resolved(config).parent_path());
  root_ = nearest_folder(own, [](const fs::path& folder) {
    std::error_code none;
    return fs::exists(folder / ".git", none);
  });
  if (root_.empty()) root_ = nearest_folder(own, [](const fs::path& folder) { return folder.filename() == "configs"; });
  if (root_.empty()) root_ = own;
}

bool ConfigTree::holds(const fs::path& path) const {
  const fs::path there = resolved(path);
  return std::mismatch(root_.begin(), root_.end(), there.begin(), there.end()).first == root_.end();
}

}  // namespace fedsim
