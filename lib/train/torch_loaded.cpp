// The program's end of TorchLibrary: fedsim_torch.so, loaded when it is first needed.
#include <dlfcn.h>
#include <fmt/format.h>

#include <atomic>
#include <mutex>

#include "core/error.h"
#include "train/torch_library.h"
#include "train/torch_threads.h"

namespace fedsim {
namespace {

std::atomic<const TorchLibrary*> loaded{nullptr};

const TorchLibrary* load() {
  const auto path = find_library("fedsim_torch.so");
  if (!path)
    throw OutputError(
        "fedsim_torch.so, which trains with LibTorch, is not beside the program, in ../lib/fedsim or where it was built\n"
        "help: build or install all of fedsim, or trainer = \"compiled\"");
  void* library = dlopen(path->c_str(), RTLD_NOW | RTLD_GLOBAL);  // kept for the life of the program
  void* entry = library != nullptr ? dlsym(library, "fedsim_torch_library") : nullptr;
  if (entry == nullptr) {
    const char* why = dlerror();
    throw OutputError(fmt::format("cannot load {}: {}\nhelp: scripts/install-deps.sh installs LibTorch",
                                  path->string(), why != nullptr ? why : "unknown reason"));
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
