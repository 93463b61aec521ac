// Local SGD on LibTorch tensors, over anything that can compute logits.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <vector>

#include "train/learner.h"

namespace fedsim {

/// What a forward pass is for: training (dropout, batch statistics), a gradient or an evaluation without either.
enum class Pass { train, gradient, evaluate };

/// A model's tensors and its logits. One a worker.
class TorchModel {
 public:
  struct Parameter {
    std::string name;
    at::Tensor value;  // a leaf with storage of its own
    bool trainable = true;
  };
  virtual ~TorchModel() = default;
  /// Logits [n, classes] or [n, targets, classes] of x [n, ...].
  virtual at::Tensor forward(const at::Tensor& x, Pass pass, const RandomStream& dropout) = 0;
  /// Called when the parameters were set anew.
  virtual void reset() {}

  std::vector<Parameter> parameters;  // in the order of the flat vector
  Shape input;                        // of one sample
  std::int64_t classes = 0, targets = 1;
  bool tokens = false;  // x holds token ids
  Dtype dtype = Dtype::float32;
  at::Device device = at::kCPU;
};

std::unique_ptr<Learner> make_torch_learner(std::unique_ptr<TorchModel> model);

}  // namespace fedsim
