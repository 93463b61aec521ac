// The end of TorchLibrary that is LibTorch's: the table, and its use where these files are linked and not loaded.
#include "train/autograd_engine.h"
#include "train/batched/batched.h"
#include "train/torch_device.h"
#include "train/torch_library.h"
#include "train/torch_threads.h"
#include "train/torchscript_engine.h"

namespace fedsim {
namespace {

constexpr TorchLibrary functions{.autograd_engine = make_autograd_engine,
                                 .torchscript_engine = make_torchscript_engine,
                                 .batched_engine = make_batched_engine,
                                 .resolve_device = resolve_device,
                                 .one_intra_op_thread = set_one_intra_op_thread};

}  // namespace

const TorchLibrary& torch_library() { return functions; }

void use_one_torch_thread() { set_one_intra_op_thread(); }

}  // namespace fedsim

/// What the program asks fedsim_torch.so for.
extern "C" const fedsim::TorchLibrary* fedsim_torch_library() { return &fedsim::functions; }
