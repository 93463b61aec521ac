// LibTorch's intra-op threads.
#pragma once

namespace fedsim {

/// One intra-op thread for what the calling thread asks of LibTorch. OpenMP counts per calling thread: every worker
/// thread must call it once, before its first training. More than one thread changes bits. What LibTorch warns of is said
/// once a text from then on. Nothing to do where LibTorch is not loaded.
void use_one_torch_thread();

}  // namespace fedsim
