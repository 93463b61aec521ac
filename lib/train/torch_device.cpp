#include "train/torch_device.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/util/Exception.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>

#include "core/error.h"
#include "train/torch_library.h"

namespace fedsim {
namespace {

std::filesystem::path torch_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&at::get_num_threads), &info) == 0 || info.dli_fname == nullptr) return {};
  return std::filesystem::path(info.dli_fname).parent_path();
}

/// Same bits on the same GPU. Must come before the first kernel.
void make_cuda_deterministic() {
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
  auto& context = at::globalContext();
  context.setDeterministicCuDNN(true);
  context.setBenchmarkCuDNN(false);
  context.setAllowTF32CuDNN(false);
  context.setAllowTF32CuBLAS(false);  // an environment variable may have allowed it
  context.setDeterministicAlgorithms(true, /*warn_only=*/true);
  context.setDeterministicFillUninitializedMemory(false);  // a launch for every new tensor; none is read before written
}

/// Why there is no GPU to train on, or nothing where there is. LibTorch looks for its CUDA part once, at the first
/// question, so the library must be loaded before any.
std::optional<std::string> load_cuda() {
  static std::once_flag once;
  static std::optional<std::string> reason;
  std::call_once(once, [] {
    if (!nvidia_driver_present()) {
      reason = "this machine has no NVIDIA driver";
      return;
    }
    const auto library = torch_folder() / "libtorch_cuda.so";
    if (!std::filesystem::exists(library)) {
      reason = fmt::format("{} does not exist: this LibTorch is for the CPU only", library.string());
      return;
    }
    if (dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
      const char* why = dlerror();
      reason = fmt::format("cannot load LibTorch's CUDA library: {}", why ? why : "unknown reason");
      return;
    }
    if (!at::globalContext().hasCUDA() || at::detail::getCUDAHooks().deviceCount() == 0) {
      reason = "LibTorch's CUDA library finds no GPU (or LibTorch was used before it was loaded)";
      return;
    }
    make_cuda_deterministic();
  });
  return reason;
}

std::optional<int> device_number(const std::string& wanted) {
  if (wanted == "cuda") return 0;
  if (wanted.size() < 6 || wanted.size() > 8 || wanted.rfind("cuda:", 0) != 0) return std::nullopt;
  int number = 0;
  for (const char digit : wanted.substr(5)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = 10 * number + (digit - '0');
  }
  return number;
}

/// LibTorch says some things at every forward pass: each text once.
class EachTextOnce final : public c10::WarningHandler {
 public:
  void process(const c10::Warning& warning) override {
    const std::lock_guard lock(mutex_);
    if (said_.insert(warning.msg()).second) c10::WarningHandler::process(warning);
  }

 private:
  std::mutex mutex_;
  std::set<std::string> said_;
};

}  // namespace

std::string resolve_device(const std::string& wanted) {
  if (wanted == "cpu") return "cpu";
  if (wanted == "auto") return load_cuda() ? "cpu" : "cuda:0";
  const auto number = device_number(wanted);
  if (!number)
    throw OptionError{"device", fmt::format("there is no device '{}'", wanted), "auto, cpu, cuda, cuda:0, cuda:1, ..."};
  if (const auto reason = load_cuda())
    throw OutputError(fmt::format("device \"{}\": {}\nhelp: device = \"cpu\", or --device cpu", wanted, *reason));
  const int count = at::detail::getCUDAHooks().deviceCount();
  if (*number >= count)
    throw OutputError(fmt::format("device \"{}\": there are {} GPUs, numbered from 0\nhelp: device = \"cuda:{}\"", wanted,
                                  count, count - 1));
  return fmt::format("cuda:{}", *number);
}

std::string torch_instruction_set() {
  const std::string name = at::get_cpu_capability();
  if (name == "AVX512") return "avx512";
  if (name == "AVX2") return "avx2";
  return "generic";
}

void set_one_intra_op_thread() {
  static std::mutex mutex;
  static EachTextOnce& warnings = *new EachTextOnce;  // never destroyed: threads may end after it
  const std::lock_guard lock(mutex);
  at::set_num_threads(1);
  c10::WarningUtils::set_warning_handler(&warnings);  // each thread has its own too
}

}  // namespace fedsim
