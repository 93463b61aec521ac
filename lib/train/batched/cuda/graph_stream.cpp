// fedsim_cuda.so: LibTorch's CUDA graphs behind batched/graph.h. Loaded at run time, after libtorch_cuda.so.
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "train/batched/graph.h"

namespace fedsim::batched {
namespace {

class CudaGraph final : public StepGraph {
 public:
  at::cuda::CUDAGraph graph;
  void replay() override { graph.replay(); }
};

class CudaStream final : public GraphStream {
 public:
  /// A stream of the pool: the default stream cannot be captured.
  explicit CudaStream(int device)
      : stream_(
            c10::cuda::getStreamFromPool(/*isHighPriority=*/false, static_cast<c10::DeviceIndex>(device))) {}

  void on_stream(const std::function<void()>& work) override {
    // What was written before on the default stream (nothing of ours, but LibTorch's own) comes first.
    c10::cuda::getDefaultCUDAStream(stream_.device_index()).synchronize();
    const c10::cuda::CUDAStreamGuard guard(stream_);
    work();
    stream_.synchronize();
  }

  std::unique_ptr<StepGraph> capture(const std::function<void()>& step) override {
    if (has_failed_) return nullptr;
    stream_.synchronize();
    // The step's memory is taken a second time, and what the allocator keeps is not given back during a capture.
    c10::cuda::CUDACachingAllocator::emptyCache();
    auto captured = std::make_unique<CudaGraph>();
    const c10::cuda::MempoolId_t pool = at::cuda::graph_pool_handle();
    try {
      captured->graph.capture_begin(pool);
      step();
      captured->graph.capture_end();
      return captured;
    } catch (const std::exception&) {  // too little memory, or what cannot be captured: nothing of the step was run
      leave(std::move(captured), pool);
      return nullptr;
    }
  }

 private:
  /// Leaves a capture that failed, after which there is no other: LibTorch 2.11 does not end its allocator's part where the
  /// capture is no longer valid, and that refers to the graph, which must then stay.
  void leave(std::unique_ptr<CudaGraph> failed, const c10::cuda::MempoolId_t& pool) {
    has_failed_ = true;
    try {
      failed->graph.capture_end();
      return;
    } catch (const std::exception&) {  // says again that the capture is not valid
    }
    try {
      c10::cuda::CUDACachingAllocator::endAllocateToPool(stream_.device_index(), pool);
      static_cast<void>(failed.release());
      c10::cuda::CUDACachingAllocator::releasePool(stream_.device_index(), pool);
    } catch (const std::exception&) {  // it had ended, or never begun: the graph gives its memory back itself
    }
  }

  c10::cuda::CUDAStream stream_;
  bool has_failed_ = false;
};

}  // namespace
}  // namespace fedsim::batched

extern "C" fedsim::batched::GraphStream* fedsim_graph_stream(int device) {
  return new fedsim::batched::CudaStream(device);
}
