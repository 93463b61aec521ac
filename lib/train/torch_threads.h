// LibTorch's intra-op threads.
#pragma once

namespace fedsim {

/// One intra-op thread for what the calling thread asks of LibTorch. OpenMP counts per calling thread: every worker
/// thread must call it once, before its first training. More than one thread changes bits.
void use_one_torch_thread();

}  // namespace fedsim
