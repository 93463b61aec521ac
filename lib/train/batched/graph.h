// CUDA graphs: a step of a hundred launches as one. In a library of its own, fedsim_cuda.so, which is built
// where the CUDA headers are and loaded where a GPU is; without it the same launches go out one by one, with
// the same result.
#pragma once

#include <functional>
#include <memory>

namespace fedsim::batched {

/// What a captured step is: the same launches on the same addresses.
class StepGraph {
 public:
  virtual ~StepGraph() = default;
  virtual void replay() = 0;
};

/// A stream of a GPU on which steps can be captured.
class GraphStream {
 public:
  virtual ~GraphStream() = default;
  /// Runs `work` with this stream as the current one.
  virtual void on_stream(const std::function<void()>& work) = 0;
  /// Records `step` without running it; must be called on the stream, after at least one ordinary run of the
  /// step. Null where the step cannot be captured.
  virtual std::unique_ptr<StepGraph> capture(const std::function<void()>& step) = 0;
};

/// Null where fedsim_cuda.so is not beside the program, above it or in ../lib/fedsim. A GPU must have been
/// chosen by resolve_device.
std::unique_ptr<GraphStream> make_graph_stream(int device);

/// What fedsim_cuda.so exports, under the name fedsim_graph_stream.
using MakeGraphStream = GraphStream* (*)(int device);

}  // namespace fedsim::batched
