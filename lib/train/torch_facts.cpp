// What is known of LibTorch, its devices and our own libraries without loading any.
#include <filesystem>

#include "train/torch_library.h"
#include "train/torch_version.h"

namespace fedsim {

std::string torch_version() { return FEDSIM_TORCH_VERSION; }

std::optional<std::filesystem::path> find_library(const std::string& name) {
  std::error_code code;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", code).parent_path();
  const std::filesystem::path build = FEDSIM_BUILD_FOLDER;
  for (const auto& folder : {program, program / "../lib/fedsim", build})
    if (std::filesystem::exists(folder / name, code)) return folder / name;
  return std::nullopt;
}

bool nvidia_driver_present() {
  std::error_code code;
  return std::filesystem::exists("/proc/driver/nvidia", code) || std::filesystem::exists("/dev/nvidiactl", code);
}

}  // namespace fedsim
