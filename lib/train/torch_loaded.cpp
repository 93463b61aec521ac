// The program's end of TorchLibrary: fedsim_torch.so, loaded when it is first needed.
#include <dlfcn.h>
#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <mutex>

#include "core/error.h"
#include "train/torch_library.h"
#include "train/torch_threads.h"

namespace fedsim {
namespace {

std::atomic<const TorchLibrary*> loaded{nullptr};

/// Beside the program, where it is installed, or where it was built.
std::filesystem::path find_library() {
  std::error_code code;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", code).parent_path();
  const std::filesystem::path build = FEDSIM_BUILD_FOLDER;
  for (const auto& folder : {program, program / "../lib/fedsim", build})
    if (std::filesystem::exists(folder / "fedsim_torch.so", code)) return folder / "fedsim_torch.so";
  throw OutputError(fmt::format("fedsim_torch.so, which trains with LibTorch, is not in {}, ../lib/fedsim or {}\n"
                                "help: build or install all of fedsim, or trainer = \"compiled\"",
                                program.string(), build.string()));
}

const TorchLibrary* load() {
  const auto path = find_library();
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);  // kept for the life of the program
  void* entry = library != nullptr ? dlsym(library, "fedsim_torch_library") : nullptr;
  if (entry == nullptr) {
    const char* why = dlerror();
    throw OutputError(fmt::format("cannot load {}: {}\nhelp: scripts/install-deps.sh installs LibTorch",
                                  path.string(), why != nullptr ? why : "unknown reason"));
  }
  return reinterpret_cast<const TorchLibrary* (*)()>(entry)();
}

}  // namespace

const TorchLibrary& torch_library() {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (loaded == nullptr) loaded = load();
  return *loaded;
}

void use_one_torch_thread() {
  if (const TorchLibrary* library = loaded) library->one_intra_op_thread();
}

}  // namespace fedsim
