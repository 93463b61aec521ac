// Where LibTorch trains, decided at run time: the same binary runs with and without a GPU.
#pragma once

#include <string>

namespace fedsim {

/// "cpu" or "cuda:N" for what the config asks. "auto": the first GPU where there is one that works, else the CPU.
/// A GPU loads LibTorch's CUDA library, which must lie beside libtorch_cpu.so. OptionError("device", ...) for a
/// word that is no device, OutputError (exit 4) for a device that is not there.
std::string resolve_device(const std::string& wanted);

/// "avx512", "avx2" or "generic": the kernels LibTorch takes on this CPU.
std::string torch_instruction_set();

/// One intra-op thread for what the calling thread asks of LibTorch from now on, and each of its warnings once.
void set_one_intra_op_thread();

}  // namespace fedsim
