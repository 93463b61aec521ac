// Which files a config may name by itself. Who runs a config of somebody else does not want it to reach into their home.
#pragma once

#include <filesystem>

namespace fedsim {

/// May paths that stand in a config leave its tree? What is typed on the command line always may.
enum class Outside { refused, allowed };

/// The folder tree of a config: the checkout around it (the nearest folder that holds `.git`); where there is none, the
/// nearest folder around it that is called `configs`; else its own folder.
class ConfigTree {
 public:
  explicit ConfigTree(const std::filesystem::path& config);
  /// Links are followed: one that leads out does not hide that.
  bool holds(const std::filesystem::path& path) const;
  const std::filesystem::path& root() const { return root_; }

 private:
  std::filesystem::path root_;  // canonical
};

}  // namespace fedsim
