// What is known of LibTorch and its devices without loading it.
#include <filesystem>

#include "train/torch_library.h"
#include "train/torch_version.h"

namespace fedsim {

std::string torch_version() { return FEDSIM_TORCH_VERSION; }

bool nvidia_driver_present() {
  std::error_code code;
  return std::filesystem::exists("/proc/driver/nvidia", code) || std::filesystem::exists("/dev/nvidiactl", code);
}

}  // namespace fedsim
