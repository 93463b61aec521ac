// The learner: the plan with its parameters, and the SGD rule. The first step of a local run reads the start
// in place, so that handing out the global model costs no copy.
#include <cassert>
#include <cmath>
#include <memory>
#include <span>
#include <utility>

#include "core/prefetch.h"
#include "train/compiled/compiled.h"
#include "train/compiled/factors.h"
#include "train/compiled/forms.h"
#include "train/compiled/loss.h"
#include "train/compiled/node.h"

namespace fedsim {
namespace compiled {
namespace {

template <class T>
constexpr Dtype dtype_of = std::is_same_v<T, float> ? Dtype::float32 : Dtype::float64;

template <class T>
const T* data_of(const Vec* v) {
  return v ? v->as<T>().data() : nullptr;
}

template <class T>
class CompiledLearner final : public Learner {
 public:
  CompiledLearner(std::shared_ptr<const Network> owned, const Facts& facts)
      : owned_(std::move(owned)),
        network_(*owned_),
        plan_(layers_of(network_), network_),
        kernels_(best_kernels<T>()),
        forms_(kernels_, network_, facts) {
    if (is_image(network_.input) && network_.layers.front().kind != LayerKind::flatten)
      input_ = make_transpose<T>(network_.input, true);
    plan_.stored_ranges(stored_);
    Index of_linear = 0;  // parameters, those inside residual blocks not among them
    for (const Layer& layer : network_.layers) {
      if (layer.kind != LayerKind::linear) continue;
      factor_values_ += layer.in.back() + layer.out.back();
      of_linear += layer.out.back() * (layer.in.back() + (layer.bias ? 1 : 0));
    }
    only_linear_ = of_linear == network_.size;
    if (forms_.first_outputs() > 0) byte_divisor_ = facts.byte_divisor;
  }

  bool begin(const Vec& start, const StepRule& rule, const RunShape& shape) override {
    start_ = origin_ = &start;
    rule_ = rule;
    fuse_ = rule.momentum == 0 && rule.clip == 0;
    shape_ = shape;
    if (is_plain())
      forms_.begin(current(), shape, static_cast<T>(rule.lr * rule.prox));
    else
      forms_.end();
    if (w_.empty()) w_ = Vec::uninitialized(static_cast<std::size_t>(network_.size), dtype_of<T>);
    gradient_.grow(network_.size);
    if (rule.momentum != 0) {
      velocity_.grow(network_.size);
      std::memset(velocity_.data(), 0, static_cast<std::size_t>(network_.size) * sizeof(T));
    }
    return forms_.dual() != nullptr;
  }

  void samples(const Batch& all) override {
    Dual<T>& dual = *forms_.dual();
    dual.begin(current(), inputs(all, dual.lists_bytes(all.count)), shape_, static_cast<T>(1 - rule_.lr * rule_.prox));
  }

  Evaluation step(const Batch& batch) override { return step_to(batch, nullptr); }

  Evaluation last_step(const Batch& batch, Answer answer) override {
    if (answer == Answer::sealed_change && may_stay_factored(batch)) return factored_step(batch);
    const bool sealed = forms_.dual() && answer == Answer::sealed_change && forms_.dual()->is_small();
    const Evaluation result = sealed ? sealed_step(batch) : step_to(batch, origin_);
    if (!sealed) forms_.write(true, w_.template as<T>().data());
    forms_.end();
    return result;
  }

  Vec parameters() const override {
    if (start_) return *start_;
    Vec w = w_;
    forms_.write(false, w.as<T>().data());
    return w;
  }

  Vec take() override {
    if (start_) return *start_;
    forms_.write(false, w_.template as<T>().data());
    forms_.end();
    return std::exchange(w_, Vec{});
  }

  Vec take_difference(const Vec& start) override {
    return start_ ? Vec(start.size(), start.dtype()) : std::exchange(w_, Vec{});
  }

  std::unique_ptr<const SealedChange> take_sealed() override { return std::move(sealed_); }

  Evaluation gradient(const Vec& w, const Batch& batch, Vec& gradient) override {
    gradient_.grow(network_.size);
    const Pass<T> pass{.kernels = kernels_,
                       .scratch = &scratch_,
                       .count = batch.count,
                       .w = data_of<T>(&w),
                       .gradient = gradient_.data(),
                       .inputs = inputs(batch)};
    const Evaluation result = differentiate(pass, batch, false, T(1));
    const auto sum = gradient.as<double>();
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(gradient_.data()[i]);
    return result;
  }

  /// Every layer keeps room for its outputs and gradients of a batch: few rows, and where a sample has more than
  /// 2^18 outputs, as in ResNet-18, no more than batches of the literature have.
  std::int64_t rows_at_once() const override { return outputs_of(network_.layers) > 262144 ? 10 : 32; }

  Evaluation evaluate(const Vec& w, const Batch& batch) override {
    const Pass<T> pass{.kernels = kernels_,
                       .scratch = &scratch_,
                       .count = batch.count,
                       .w = data_of<T>(&w),
                       .inputs = inputs(batch)};
    const T* logits = forward(pass, batch);
    return cross_entropy<T>(logits, batch.y, batch.count * network_.targets, network_.classes, false, T(1),
                            nullptr);
  }

  float byte_divisor() const override { return byte_divisor_; }

 private:
  /// What the first layer reads. A product makes numbers of bytes for some outputs at a time: for more than a few they are
  /// made once before, but where it reads lists.
  Inputs<T> inputs(const Batch& batch, bool listed = false) {
    constexpr Index few_outputs = 16;
    if (!batch.bytes) return {.numbers = static_cast<const T*>(batch.x)};
    const T unit = T(1) / static_cast<T>(byte_divisor_);
    if (listed || forms_.first_outputs() <= few_outputs)
      return {.bytes = batch.bytes, .unit = unit, .coming = {batch.coming.data(), static_cast<Index>(batch.coming.size())}};
    const Index in = forms_.first_inputs();
    numbers_.grow(batch.count * in);
    for (Index i = 0; i < batch.count; ++i) kernels_.numbers(batch.bytes[i], in, numbers_.data() + i * in);
    for (const std::uint8_t* sample : batch.coming) ask_for_all(sample, static_cast<std::size_t>(in));
    return {.numbers = numbers_.data(), .unit = unit};
  }

  /// Steps are -lr times the gradients, and a pull to the start.
  bool is_plain() const {
    return fuse_ && rule_.weight_decay == 0 && rule_.linear == nullptr &&
           (rule_.prox == 0 || rule_.anchor == origin_);
  }

  /// The only step of a run, where the pull is 0, on linear layers whose factors are small beside the weights.
  bool may_stay_factored(const Batch& batch) const {
    return start_ && is_plain() && only_linear_ && 4 * batch.count * factor_values_ <= network_.size;
  }

  /// The last step of a run in dual form: the change of all but the first layer's weights, which come first in the flat
  /// vector, is written to memory of its own.
  Evaluation sealed_step(const Batch& batch) {
    const Parameter& weights = network_.parameters.front();
    const Index from = elements(weights.shape);
    Written<T> written{.parts = {}, .memory = Buffer(static_cast<std::size_t>(network_.size - from) * sizeof(T))};
    T* rest = static_cast<T*>(written.memory.data());
    assert(forms_.holds_all());
    for (InputMajor<T>& layer : forms_.input_major()) layer.write_difference_to(rest + layer.weight() - from);
    const Evaluation result = step_to(batch, origin_, rest, from);
    for (const Parameter& parameter : std::span(network_.parameters).subspan(1)) {
      Index rows = parameter.shape.size() < 2 ? 1 : parameter.shape[0], columns = elements(parameter.shape) / rows;
      const bool by_columns = forms_.by_columns(parameter.offset);
      if (by_columns) std::swap(rows, columns);
      written.parts.push_back({.first = parameter.offset,
                               .rows = rows,
                               .columns = columns,
                               .values = rest + parameter.offset - from,
                               .by_columns = by_columns});
    }
    sealed_ = factored_change<T>(kernels_, network_.size, {forms_.dual()->factor()}, std::move(written));
    return result;
  }

  Evaluation factored_step(const Batch& batch) {
    Random dropout(batch.dropout);
    const Pass<T> pass{.kernels = kernels_,
                       .scratch = &scratch_,
                       .count = batch.count,
                       .w = current(),
                       .factored = true,
                       .dual = forms_.dual(),
                       .places = batch.places,
                       .input_major = forms_.input_major(),
                       .inputs = inputs(batch),
                       .training = true,
                       .dropout = &dropout};
    const Evaluation result = differentiate(pass, batch, true, static_cast<T>(-rule_.lr));
    std::vector<Factor<T>> factors;
    plan_.factors(factors);
    for (Factor<T>& f : factors) f.by_columns = forms_.by_columns(f.weight);
    sealed_ = factored_change<T>(kernels_, network_.size, factors);
    forms_.end();
    return result;
  }

  Evaluation step_to(const Batch& batch, const Vec* origin) {
    return step_to(batch, origin, w_.template as<T>().data(), 0);
  }

  /// What is written to `out` is the new parameters from `from` on, minus `origin` where that is not null.
  Evaluation step_to(const Batch& batch, const Vec* origin, T* out, Index from) {
    const T* w = current();
    const Fused<T> fused{.lr = static_cast<T>(rule_.lr),
                         .weight_decay = static_cast<T>(rule_.weight_decay),
                         .prox = static_cast<T>(rule_.prox),
                         .anchor = data_of<T>(rule_.anchor),
                         .linear = data_of<T>(rule_.linear),
                         .origin = data_of<T>(origin),
                         .out = out,
                         .first = from};
    Random dropout(batch.dropout);
    const Pass<T> pass{.kernels = kernels_,
                       .scratch = &scratch_,
                       .count = batch.count,
                       .w = w,
                       .gradient = gradient_.data(),
                       .fused = fuse_ ? &fused : nullptr,
                       .dual = forms_.dual(),
                       .places = batch.places,
                       .input_major = forms_.input_major(),
                       .inputs = inputs(batch),
                       .training = true,
                       .dropout = &dropout};
    const Evaluation result = differentiate(pass, batch, true, fuse_ ? -fused.lr : T(1));
    if (fuse_)
      for (const auto& [first, last] : stored_) update(fused, w, first, last, T(1));
    else
      update(fused, w, 0, network_.size, -fused.lr * clip_factor());
    start_ = nullptr;
    return result;
  }

  /// Values that the layers give out for one sample.
  static Index outputs_of(const std::vector<Layer>& layers) {
    Index sum = 0;
    for (const Layer& layer : layers)
      sum += elements(layer.out) + outputs_of(layer.body) + outputs_of(layer.shortcut);
    return sum;
  }

  const T* current() const { return data_of<T>(start_ ? start_ : &w_); }

  const T* forward(const Pass<T>& pass, const Batch& batch) {
    if (batch.count > capacity_) {
      capacity_ = batch.count;
      plan_.reserve(capacity_);
      if (input_) input_->reserve(capacity_);
      d_logits_.grow(capacity_ * network_.targets * network_.classes);
    }
    const T* x = static_cast<const T*>(batch.x);
    return plan_.forward(pass, input_ ? input_->forward(pass, x) : x);
  }

  /// `factor`: what the backward pass carries the gradients times.
  Evaluation differentiate(const Pass<T>& pass, const Batch& batch, bool mean, T factor) {
    const T* logits = forward(pass, batch);
    const Evaluation result = cross_entropy<T>(logits, batch.y, batch.count * network_.targets,
                                               network_.classes, mean, factor, d_logits_.data());
    plan_.backward(pass, d_logits_.data(), false);
    return result;
  }

  /// clip / |g| where the norm is above it; a gradient that is not finite stays as it is, to be seen.
  T clip_factor() const {
    if (rule_.clip == 0) return T(1);
    double squares = 0;
    for (Index i = 0; i < network_.size; ++i) {
      const auto g = static_cast<double>(gradient_.data()[i]);
      squares += g * g;
    }
    const double length = std::sqrt(squares);
    return length > rule_.clip ? static_cast<T>(rule_.clip / length) : T(1);
  }

  /// The rule on stored gradients [first, last), which are -lr times the gradients where taken `factor` times.
  void update(const Fused<T>& rule, const T* w, Index first, Index last, T factor) {
    kernels_.descend({.lr = rule.lr,
                      .weight_decay = rule.weight_decay,
                      .prox = rule.prox,
                      .w = w + first,
                      .anchor = rule.anchor ? rule.anchor + first : nullptr,
                      .linear = rule.linear ? rule.linear + first : nullptr,
                      .origin = rule.origin ? rule.origin + first : nullptr},
                     last - first, factor, gradient_.data() + first, static_cast<T>(rule_.momentum),
                     rule_.momentum != 0 ? velocity_.data() + first : nullptr, rule.at(first));
  }

  std::shared_ptr<const Network> owned_;  // the engine may be gone before its learners
  const Network& network_;
  Sequence<T> plan_;
  NodePtr<T> input_;  // to channels last, null where the bytes are the same
  const Kernels<T>& kernels_;
  std::vector<std::pair<Index, Index>> stored_;  // parameters that are not updated in the backward pass
  Index capacity_ = 0;                           // samples
  StepRule rule_;
  RunShape shape_;
  float byte_divisor_ = 0;        // of the samples, where they come as bytes
  Forms<T> forms_;
  bool fuse_ = false;
  bool only_linear_ = false;  // all parameters are those of linear layers
  Index factor_values_ = 0;  // of one row of their inputs and outputs
  Scratch<T> scratch_;
  std::unique_ptr<const SealedChange> sealed_;
  const Vec* start_ = nullptr;   // until the first step
  const Vec* origin_ = nullptr;  // the same, for the whole run
  Vec w_;                        // [d] after it (last_step: minus origin); empty once taken
  Room<T> gradient_, velocity_, d_logits_;
  Room<T> numbers_;  // [samples, in] made of bytes
};

template <class T>
class CompiledEngine final : public Engine {
 public:
  /// Throws Refusal.
  CompiledEngine(const Network& network, const Dataset& data)
      : network_(std::make_shared<const Network>(network)), facts_(data) {
    instruction_set = best_kernels<T>().instruction_set;
    CompiledLearner<T> trial(network_, facts_);
  }
  std::unique_ptr<Learner> learner() const override {
    return std::make_unique<CompiledLearner<T>>(network_, facts_);
  }
  Vec initial(std::uint64_t seed) const override { return initial_parameters(*network_, seed, dtype_of<T>); }
  std::string trainer() const override { return "compiled"; }
  std::string device() const override { return "cpu"; }
  std::vector<Tensor> tensors() const override {
    std::vector<Tensor> list;
    for (const Parameter& parameter : network_->parameters) list.push_back({parameter.name, parameter.shape});
    return list;
  }

 private:
  std::shared_ptr<const Network> network_;
  Facts facts_;
};

}  // namespace
}  // namespace compiled

std::unique_ptr<Engine> make_compiled_engine(const Network& network, const Dataset& data, Dtype dtype,
                                             std::string& why_not) {
  if (data.quadratic) {
    why_not = "quadratic functions have their own closed form";
    return nullptr;
  }
  try {
    if (dtype == Dtype::float32) return std::make_unique<compiled::CompiledEngine<float>>(network, data);
    return std::make_unique<compiled::CompiledEngine<double>>(network, data);
  } catch (const compiled::Refusal& refusal) {
    why_not = refusal.reason;
    return nullptr;
  }
}

}  // namespace fedsim
