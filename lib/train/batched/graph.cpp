#include "train/batched/graph.h"

#include <dlfcn.h>

#include "train/torch_library.h"

namespace fedsim::batched {
namespace {

MakeGraphStream load() {
  const auto path = find_library("fedsim_cuda.so");
  void* library = path ? dlopen(path->c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;  // kept for the life of the program
  return library != nullptr ? reinterpret_cast<MakeGraphStream>(dlsym(library, "fedsim_graph_stream")) : nullptr;
}

}  // namespace

std::unique_ptr<GraphStream> make_graph_stream(int device) {
  static const MakeGraphStream make = load();
  return std::unique_ptr<GraphStream>(make != nullptr ? make(device) : nullptr);
}

}  // namespace fedsim::batched
