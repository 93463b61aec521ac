#include "train/torchscript_engine.h"

#include <fmt/format.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <filesystem>
#include <mutex>

#include "core/error.h"
#include "train/torch_device.h"
#include "train/torch_learner.h"
#include "train/torch_tensor.h"

namespace fedsim {
namespace {

[[noreturn]] void refuse(const std::string& file, const std::string& message, const std::string& help) {
  throw OptionError{"torchscript", fmt::format("{}: {}", file, message), help};
}

/// The first line of what LibTorch says, without its C++ stack.
std::string first_line(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  const std::string text = torch_error ? torch_error->what_without_backtrace() : error.what();
  const auto last = text.find_last_not_of(" \n");
  // The interpreter puts the cause last, after the script's own traceback.
  const std::string kept = text.substr(0, last == std::string::npos ? 0 : last + 1);
  const auto newline = kept.find_last_of('\n');
  return newline == std::string::npos ? kept : kept.substr(newline + 1);
}

/// The name of an operation that draws random numbers, or "".
std::string random_operation(const torch::jit::Block* block) {
  for (const auto* node : block->nodes()) {
    if (node->isNondeterministic()) return node->kind().toQualString();
    for (const auto* inner : node->blocks())
      if (auto found = random_operation(inner); !found.empty()) return found;
  }
  return {};
}

/// One worker's copy of the module. Parameters come first in the flat vector, then the float buffers (statistics).
class ScriptModel final : public TorchModel {
 public:
  explicit ScriptModel(torch::jit::Module module) : module_(std::move(module)) {
    for (const auto& parameter : module_.named_parameters())
      parameters.push_back({parameter.name, parameter.value, parameter.value.requires_grad()});
    for (const auto& buffer : module_.named_buffers()) {
      if (buffer.value.is_floating_point()) {
        parameters.push_back({buffer.name, buffer.value, false});
      } else {
        counters_.emplace_back(buffer.value, buffer.value.clone());
      }
    }
  }

  at::Tensor forward(const at::Tensor& x, Pass pass, const RandomStream&) override {
    module_.train(pass == Pass::train);
    return module_.forward({x}).toTensor();
  }

  /// Whole-number buffers (num_batches_tracked) start anew with each client, whatever this worker ran before.
  void reset() override {
    for (auto& [now, first] : counters_) now.copy_(first);
  }

 private:
  torch::jit::Module module_;
  std::vector<std::pair<at::Tensor, at::Tensor>> counters_;
};

class TorchScriptEngine final : public Engine {
 public:
  TorchScriptEngine(torch::jit::Module module, const std::string& file, const Dataset& data, std::string device,
                    Dtype dtype)
      : module_(std::move(module)),
        input_(data.sample_shape),
        classes_(data.classes),
        targets_(data.targets),
        tokens_(data.vocabulary > 0),
        device_(std::move(device)),
        dtype_(dtype) {
    instruction_set = torch_instruction_set();
    const auto model = make_model();
    bool trains = false;
    for (const auto& parameter : model->parameters) {
      if (!parameter.value.is_floating_point())
        refuse(file, fmt::format("parameter '{}' is not of floating point", parameter.name), "");
      tensors_.push_back({parameter.name, parameter.value.sizes().vec()});
      trains = trains || parameter.trainable;
    }
    if (!trains) refuse(file, "has no parameters to train", "save it before freezing it (no torch.jit.freeze)");
    try_once(file, *model);
  }

  std::unique_ptr<Learner> learner() const override { return make_torch_learner(make_model()); }

  /// What the file holds, whatever the seed.
  Vec initial(std::uint64_t) const override {
    const auto model = make_model();
    std::size_t size = 0, at = 0;
    for (const auto& parameter : model->parameters) size += static_cast<std::size_t>(parameter.value.numel());
    Vec w = Vec::uninitialized(size, dtype_);
    for (const auto& parameter : model->parameters) {
      const at::Tensor values = parameter.value.detach().to(at::kCPU, at::kDouble).contiguous();
      for (std::int64_t i = 0; i < values.numel(); ++i) w.set(at++, values.const_data_ptr<double>()[i]);
    }
    return w;
  }
  std::string trainer() const override { return "autograd"; }
  std::string device() const override { return device_; }
  std::vector<Tensor> tensors() const override { return tensors_; }

 private:
  std::unique_ptr<ScriptModel> make_model() const {
    const std::lock_guard lock(mutex_);
    torch::jit::Module copy = [&] {
      const c10::NoGradGuard no_grad;  // else the copies would be results of a clone, not leaves
      torch::jit::Module made = module_.deepcopy();
      made.to(at::Device(device_), scalar_type(dtype_), /*non_blocking=*/false);
      return made;
    }();
    auto from = module_.parameters().begin();
    for (at::Tensor parameter : copy.parameters()) parameter.set_requires_grad((*from++).requires_grad());
    auto model = std::make_unique<ScriptModel>(std::move(copy));
    model->input = input_;
    model->classes = classes_;
    model->targets = targets_;
    model->tokens = tokens_;
    model->dtype = dtype_;
    model->device = at::Device(device_);
    return model;
  }

  void try_once(const std::string& file, ScriptModel& model) const {
    Shape shape = input_, wanted{2, classes_};
    shape.insert(shape.begin(), 2);
    if (targets_ > 1) wanted.insert(wanted.begin() + 1, targets_);
    const auto type = tokens_ ? at::kLong : scalar_type(dtype_);
    at::Tensor logits;
    try {
      const c10::NoGradGuard no_grad;
      logits = model.forward(at::zeros(shape, at::TensorOptions(type).device(model.device)), Pass::evaluate,
                             RandomStream{});
    } catch (const std::exception& error) {
      refuse(file, fmt::format("fails on a batch of shape {}: {}", to_string(shape), first_line(error)),
             "its forward must take one tensor [batch, sample...]");
    }
    if (logits.sizes() != at::IntArrayRef(wanted))
      refuse(file, fmt::format("gives {} for a batch of shape {}, the data needs {}", to_string(logits.sizes().vec()),
                               to_string(shape), to_string(wanted)),
             fmt::format("its forward must give logits of {} classes", classes_));
  }

  torch::jit::Module module_;
  mutable std::mutex mutex_;  // copying shares the module's compilation unit
  Shape input_;
  std::int64_t classes_, targets_;
  bool tokens_;
  std::string device_;
  Dtype dtype_;
  std::vector<Tensor> tensors_;
};

torch::jit::Module load_module(const std::string& file) {
  if (!std::filesystem::is_regular_file(file))
    throw DataError(fmt::format("{}: no such file (model.torchscript)", file));
  try {
    return torch::jit::load(file, at::kCPU);
  } catch (const std::exception& error) {
    throw DataError(fmt::format("{}: not a TorchScript module: {}\nhelp: torch.jit.script(model).save(\"{}\")", file,
                                first_line(error), std::filesystem::path(file).filename().string()));
  }
}

}  // namespace

std::unique_ptr<Engine> make_torchscript_engine(const std::string& file, const Dataset& data, const std::string& device,
                                                Dtype dtype) {
  // The profiling executor compiles after some runs: bits would depend on how often a worker ran.
  torch::jit::getExecutorMode() = false;
  torch::jit::getProfilingMode() = false;
  torch::jit::Module module = load_module(file);
  module.train();
  const auto forward = module.find_method("forward");
  if (!forward) refuse(file, "has no method 'forward'", "");
  const auto graph = forward->graph()->copy();
  torch::jit::Inline(*graph);
  if (const auto name = random_operation(graph->block()); !name.empty())
    refuse(file, fmt::format("its forward calls {}, whose random numbers fedsim cannot seed per client", name),
           "leave dropout out of the module, or use model.layers with \"dropout RATE\"");
  return std::make_unique<TorchScriptEngine>(std::move(module), file, data, device, dtype);
}

}  // namespace fedsim
