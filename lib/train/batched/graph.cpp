#include "train/batched/graph.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "core/error.h"
#include "train/torch_library.h"

namespace fedsim::batched {
namespace {

MakeGraphStream load() {
  const auto path = find_library("fedsim_cuda.so");
  if (!path) return nullptr;
  void* library = dlopen(path->c_str(), RTLD_NOW | RTLD_LOCAL);  // kept for the life of the program
  void* make = library != nullptr ? dlsym(library, "fedsim_graph_stream") : nullptr;
  if (make == nullptr) {
    const char* why = dlerror();
    throw OutputError(fmt::format("cannot load {}: {}\nhelp: build it again beside this program, or remove it: steps are slower without",
                                  path->string(), why ? why : "unknown reason"));
  }
  return reinterpret_cast<MakeGraphStream>(make);
}

}  // namespace

std::unique_ptr<GraphStream> make_graph_stream(int device) {
  static const MakeGraphStream make = load();
  return std::unique_ptr<GraphStream>(make != nullptr ? make(device) : nullptr);
}

}  // namespace fedsim::batched
