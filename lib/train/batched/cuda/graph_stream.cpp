// fedsim_cuda.so: LibTorch's CUDA graphs behind batched/graph.h. Loaded at run time, after libtorch_cuda.so.
#include <ATen/cuda/CUDAGraph.h>
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
    stream_.synchronize();
    auto captured = std::make_unique<CudaGraph>();
    captured->graph.capture_begin();
    try {
      step();
      captured->graph.capture_end();
    } catch (const c10::OutOfMemoryError&) {
      end(captured->graph);
      throw;
    } catch (const std::exception&) {  // an operation that cannot be captured: nothing of the step was run
      end(captured->graph);
      return nullptr;
    }
    return captured;
  }

 private:
  /// Leaves the capture that failed.
  static void end(at::cuda::CUDAGraph& graph) {
    try {
      graph.capture_end();
    } catch (const std::exception&) {  // says again that the capture is not valid
    }
  }

  c10::cuda::CUDAStream stream_;
};

}  // namespace
}  // namespace fedsim::batched

extern "C" fedsim::batched::GraphStream* fedsim_graph_stream(int device) {
  return new fedsim::batched::CudaStream(device);
}
