// Each tensor is stepped by itself with the operations of torch.optim.SGD in their order, so that a local run equals
// a plain LibTorch loop bit for bit. Parameters have storage of their own, not views into one flat tensor: BLAS
// kernels may round differently for another alignment.
#include "train/torch_learner.h"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <optional>

#include "core/error.h"
#include "train/torch_tensor.h"

namespace fedsim {
namespace {

/// Runs `work`; out of memory, on a GPU most often, becomes an error that a user can act on.
template <class Work>
auto guarded(Work&& work) {
  try {
    return work();
  } catch (const c10::OutOfMemoryError& error) {
    throw OutputError(std::string(error.what_without_backtrace()) +
                      "\nhelp: a smaller client.batch_size, fewer threads, or device = \"cpu\"");
  }
}

class TorchLearner final : public Learner {
 public:
  explicit TorchLearner(std::unique_ptr<TorchModel> model) : model_(std::move(model)) {
    for (const auto& parameter : model_->parameters) {
      offsets_.push_back(size_);
      size_ += static_cast<std::size_t>(parameter.value.numel());
      if (parameter.trainable) leaves_.push_back(parameter.value);
    }
  }

  bool begin(const Vec& start, const StepRule& rule, const RunShape&) override {
    return guarded([&] {
      load(start);
      rule_ = rule;
      velocity_.assign(model_->parameters.size(), {});
      anchor_ = rule.anchor ? split(*rule.anchor) : std::vector<at::Tensor>{};
      linear_ = rule.linear ? split(*rule.linear) : std::vector<at::Tensor>{};
      return false;
    });
  }

  Evaluation step(const Batch& batch) override {
    return guarded([&] {
      std::vector<at::Tensor> gradients;
      const Evaluation result = differentiate(batch, Pass::train, at::Reduction::Mean, gradients);
      const c10::NoGradGuard no_grad;
      clip(gradients);
      for (std::size_t i = 0, leaf = 0; i < model_->parameters.size(); ++i)
        if (model_->parameters[i].trainable) update(i, gradients[leaf++]);
      return result;
    });
  }

  Vec parameters() const override {
    Vec w = Vec::uninitialized(size_, model_->dtype);
    const c10::NoGradGuard no_grad;
    for (std::size_t i = 0; i < offsets_.size(); ++i) view(w, i).copy_(model_->parameters[i].value);
    return w;
  }

  Evaluation gradient(const Vec& w, const Batch& batch, Vec& gradient) override {
    return guarded([&] {
      load(w);
      std::vector<at::Tensor> gradients;
      const Evaluation result = differentiate(batch, Pass::gradient, at::Reduction::Sum, gradients);
      const c10::NoGradGuard no_grad;
      for (std::size_t i = 0, leaf = 0; i < model_->parameters.size(); ++i)
        if (model_->parameters[i].trainable) {
          const at::Tensor& g = gradients[leaf++];
          if (g.defined()) view(gradient, i).add_(g.to(at::kCPU, at::kDouble));
        }
      return result;
    });
  }

  Evaluation evaluate(const Vec& w, const Batch& batch) override {
    return guarded([&] {
      load(w);
      const c10::NoGradGuard no_grad;
      const at::Tensor logits = forward(batch, Pass::evaluate), y = targets(batch);
      Evaluation result;
      result.loss = cross_entropy(logits, y, at::Reduction::None).sum(at::kDouble).item<double>();
      result.correct = logits.argmax(1).eq(y).sum().item<std::int64_t>();  // padding, -1, equals no class
      result.count = counted(batch);
      return result;
    });
  }

 private:
  /// Place i of a flat vector on the CPU, as a tensor that shares its memory.
  at::Tensor view(Vec& flat, std::size_t i) const {
    const at::Tensor& like = model_->parameters[i].value;
    auto* first = static_cast<char*>(flat.data()) + offsets_[i] * size_of(flat.dtype());
    return at::from_blob(first, like.sizes(), at::TensorOptions(scalar_type(flat.dtype())));
  }
  at::Tensor view(const Vec& flat, std::size_t i) const { return view(const_cast<Vec&>(flat), i); }  // only read

  std::vector<at::Tensor> split(const Vec& flat) const {
    std::vector<at::Tensor> parts;
    for (std::size_t i = 0; i < offsets_.size(); ++i) parts.push_back(view(flat, i).to(model_->device));
    return parts;
  }

  void load(const Vec& w) {
    const c10::NoGradGuard no_grad;
    for (std::size_t i = 0; i < offsets_.size(); ++i) model_->parameters[i].value.copy_(view(w, i));
    model_->reset();
  }

  at::Tensor forward(const Batch& batch, Pass pass) {
    std::vector<std::int64_t> shape{batch.count};
    shape.insert(shape.end(), model_->input.begin(), model_->input.end());
    at::Tensor x = at::from_blob(const_cast<void*>(batch.x), shape, at::TensorOptions(scalar_type(model_->dtype)));
    if (model_->tokens) x = x.to(at::kLong);
    return model_->forward(x.to(model_->device), pass, batch.dropout).reshape({-1, model_->classes});
  }

  at::Tensor targets(const Batch& batch) const {
    const at::Tensor y = at::from_blob(const_cast<std::int32_t*>(batch.y), {batch.count * model_->targets}, at::kInt);
    return y.to(at::kLong).to(model_->device);
  }

  std::int64_t counted(const Batch& batch) const {
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < batch.count * model_->targets; ++i) count += batch.y[i] >= 0;
    return count;
  }

  static at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& y, std::int64_t reduction) {
    return at::cross_entropy_loss(logits, y, /*weight=*/{}, reduction, /*ignore_index=*/-1);
  }

  /// Loss and its gradient for every trainable parameter; undefined where the loss does not depend on it.
  Evaluation differentiate(const Batch& batch, Pass pass, std::int64_t reduction, std::vector<at::Tensor>& gradients) {
    const std::int64_t count = counted(batch);
    if (count == 0) reduction = at::Reduction::Sum;  // a batch of padding: zero, where the mean is 0/0
    const at::Tensor loss = cross_entropy(forward(batch, pass), targets(batch), reduction);
    gradients = torch::autograd::grad({loss}, leaves_, {}, std::nullopt, false, /*allow_unused=*/true);
    const double value = loss.item<double>();
    return {.loss = reduction == at::Reduction::Mean ? value * static_cast<double>(count) : value, .correct = 0,
            .count = count};
  }

  void clip(std::vector<at::Tensor>& gradients) const {
    if (rule_.clip == 0) return;
    double squares = 0;
    for (const auto& g : gradients)
      if (g.defined()) squares += g.to(at::kDouble).square().sum().item<double>();
    const double length = std::sqrt(squares);
    if (!(length > rule_.clip)) return;
    for (auto& g : gradients)
      if (g.defined()) g = g.mul(rule_.clip / length);
  }

  /// torch.optim.SGD's step for one tensor, with prox (w - anchor) + linear after the weight decay.
  void update(std::size_t i, at::Tensor g) {
    at::Tensor p = model_->parameters[i].value;
    if (!g.defined()) {
      if (anchor_.empty() && linear_.empty()) return;  // as torch.optim.SGD: no gradient, no step
      g = at::zeros_like(p);
    }
    if (rule_.weight_decay != 0) g = g.add(p, rule_.weight_decay);
    if (!anchor_.empty()) g = g.add(p.sub(anchor_[i]), rule_.prox);
    if (!linear_.empty()) g = g.add(linear_[i]);
    if (rule_.momentum != 0) {
      at::Tensor& v = velocity_[i];
      if (v.defined()) {
        v.mul_(rule_.momentum).add_(g);
      } else {
        v = g.clone();
      }
      g = v;
    }
    p.add_(g, -rule_.lr);
  }

  std::unique_ptr<TorchModel> model_;
  std::vector<std::size_t> offsets_;  // of each parameter in the flat vector
  std::size_t size_ = 0;              // d
  std::vector<at::Tensor> leaves_;    // the trainable ones
  StepRule rule_;
  std::vector<at::Tensor> velocity_, anchor_, linear_;
};

}  // namespace

std::unique_ptr<Learner> make_torch_learner(std::unique_ptr<TorchModel> model) {
  return std::make_unique<TorchLearner>(std::move(model));
}

}  // namespace fedsim
