// LibTorch takes 130 MB of memory and a quarter of a second to load, and most runs train with compiled kernels: what
// needs it stands in a library of its own, fedsim_torch.so, which the program loads when a run asks for it. Tests and
// benchmarks link the same files and load nothing.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "data/dataset.h"
#include "model/network.h"
#include "train/learner.h"

namespace fedsim {

/// Ways into the files that include LibTorch, see the headers that declare the functions.
struct TorchLibrary {
  std::unique_ptr<Engine> (*autograd_engine)(Network network, const std::string& device, Dtype dtype);
  std::unique_ptr<Engine> (*torchscript_engine)(const std::string& file, const Dataset& data, const std::string& device,
                                                Dtype dtype);
  std::unique_ptr<Engine> (*batched_engine)(const Network& network, const std::string& device, Dtype dtype,
                                            std::string& why_not);
  std::string (*resolve_device)(const std::string& wanted);
  void (*one_intra_op_thread)();
};

/// Loads the library the first time: OutputError (exit 4) where it is not there or does not fit.
const TorchLibrary& torch_library();

/// A library of fedsim's that is loaded when it is needed: beside the program, where it is installed, or where it was built.
std::optional<std::filesystem::path> find_library(const std::string& name);

/// Whether this machine can have an NVIDIA GPU at all: known without LibTorch.
bool nvidia_driver_present();

}  // namespace fedsim
