#include "train/batched/group.h"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "train/torch_tensor.h"

namespace fedsim::batched {

Group::Group(const Network& network, DeviceSamples& samples, const GroupShape& shape, at::Device device)
    : network_(network), samples_(samples), shape_(shape) {
  const std::int64_t m = shape.clients;
  const auto values = at::TensorOptions(samples.type()).device(device);
  const auto whole = values.dtype(at::kLong), wide = values.dtype(at::kDouble);
  const std::vector<std::int64_t> flat{m, network.size};
  w_ = at::zeros(flat, values);
  if (shape.momentum) velocity_ = at::zeros(flat, values);
  if (shape.prox) anchor_ = at::zeros(flat, values);
  if (shape.linear) linear_ = at::zeros(flat, values);
  rows_ = at::zeros({m, shape.batch}, whole);
  if (shape.host) {
    std::vector<std::int64_t> x{shape.batch, m};
    x.insert(x.end(), samples.shape().begin(), samples.shape().end());
    x_ = at::zeros(x, values).transpose(0, 1);  // in memory as logits() wants it
    y_ = at::zeros({m, shape.batch, samples.targets()}, whole);
  }
  loss_ = at::zeros({m}, wide);
  count_ = at::zeros({m}, whole);
  for (at::Tensor* one : {&lr_, &momentum_, &weight_decay_, &prox_}) *one = at::zeros({}, values);
  clip_ = at::zeros({}, wide);
  stream_ = {at::zeros({2}, whole), at::zeros({}, whole), at::zeros({m}, whole), at::zeros({}, whole)};
}

void Group::fill(at::Tensor& target, std::span<const Vec* const> vectors) const {
  if (std::all_of(vectors.begin(), vectors.end(), [&](const Vec* v) { return v == vectors.front(); })) {
    target.copy_(tensor_over(*vectors.front()).to(target.device()).expand_as(target));
    return;
  }
  for (std::size_t k = 0; k < vectors.size(); ++k)
    target.select(0, static_cast<std::int64_t>(k)).copy_(tensor_over(*vectors[k]));
}

void Group::begin(const Start& start) {
  const c10::NoGradGuard no_grad;
  fill(w_, start.w);
  if (shape_.prox) fill(anchor_, start.anchor);
  if (shape_.linear) fill(linear_, start.linear);
  if (shape_.momentum) velocity_.zero_();
  loss_.zero_();
  count_.zero_();
  lr_.fill_(start.rule.lr);
  momentum_.fill_(start.rule.momentum);
  weight_decay_.fill_(start.rule.weight_decay);
  prox_.fill_(start.rule.prox);
  clip_.fill_(start.rule.clip);
  stream_.seed.select(0, 0).fill_(static_cast<std::int64_t>(start.seed & 0xFFFFFFFF));
  stream_.seed.select(0, 1).fill_(static_cast<std::int64_t>(start.seed >> 32));
  stream_.round.fill_(start.round);
  stream_.clients.copy_(at::tensor(start.clients, at::kLong));
  stream_.step.zero_();
}

void Group::set_samples(const at::Tensor& x, const at::Tensor& y) {
  x_.copy_(x.reshape(x_.sizes()));
  y_.copy_(y);
}

std::vector<at::Tensor> Group::leaves() const {
  std::vector<at::Tensor> list;
  for (const Parameter& parameter : network_.parameters) {
    std::vector<std::int64_t> shape = parameter.shape;
    shape.insert(shape.begin(), shape_.clients);
    const at::Tensor part = w_.narrow(1, parameter.offset, elements(parameter.shape)).view(shape);
    list.push_back(part.detach().requires_grad_());
  }
  return list;
}

void Group::add_losses(const at::Tensor& losses, const at::Tensor& y) {
  const c10::NoGradGuard no_grad;
  loss_.add_(losses.detach().sum(1, /*keepdim=*/false, at::kDouble));
  count_.add_(y.ge(0).sum(1));
}

/// Every client's gradient of its own mean (training) or summed loss: the losses are added, and no client's
/// depends on another's parameters.
Group::Differentiated Group::differentiate(bool training) {
  const std::int64_t m = shape_.clients, batch = shape_.batch;
  const at::Tensor valid = rows_.ge(0);
  at::Tensor x = x_, y = y_;
  if (!shape_.host) {
    const auto found = samples_.gather(at::where(valid, rows_, -1 - rows_).t().flatten());
    x = found.x.unflatten(0, {batch, m}).transpose(0, 1);
    y = found.y.unflatten(0, {batch, m}).transpose(0, 1);
  }
  if (network_.layers.front().kind == LayerKind::embedding) x = x.to(at::kLong);
  y = at::where(valid.unsqueeze(2), y, at::full({}, -1, y.options())).flatten(1);  // [m, B * targets]

  const Dropout dropout{training ? &stream_ : nullptr, valid.sum(1)};
  const auto parameters = leaves();
  const at::Tensor scores = logits(network_, parameters, x, dropout).reshape({-1, network_.classes});
  const at::Tensor losses =
      at::cross_entropy_loss(scores, y.flatten(), /*weight=*/{}, at::Reduction::None, /*ignore_index=*/-1)
          .reshape({m, -1});
  at::Tensor of_client = losses.sum(1);
  if (training) of_client = of_client / y.ge(0).sum(1).clamp_min(1).to(losses.scalar_type());
  const auto parts = torch::autograd::grad({of_client.sum()}, parameters);
  add_losses(losses, y);

  std::vector<at::Tensor> flat;
  for (const at::Tensor& part : parts) flat.push_back(part.reshape({m, -1}));
  return {at::cat(flat, 1), dropout.counts.gt(0).unsqueeze(1)};
}

/// A gradient that is not finite stays as it is, to be seen.
at::Tensor Group::clipped(const at::Tensor& gradient) const {
  const at::Tensor length = gradient.to(at::kDouble).square().sum(1, /*keepdim=*/true).sqrt();
  const at::Tensor factor = at::where(length.gt(clip_), clip_ / length, at::ones({}, length.options()));
  return gradient * factor.to(gradient.scalar_type());
}

void Group::step() {
  const Differentiated result = differentiate(true);
  const c10::NoGradGuard no_grad;
  at::Tensor g = result.gradient;
  if (shape_.clip) g = clipped(g);
  if (shape_.weight_decay) g = g + weight_decay_ * w_;
  if (shape_.prox) g = g + prox_ * (w_ - anchor_);
  if (shape_.linear) g = g + linear_;
  if (shape_.momentum) g = velocity_.mul_(momentum_).add_(g);
  w_.sub_(at::where(result.active, g * lr_, at::zeros({}, g.options())));
  stream_.step.add_(1);
}

void Group::add_gradient(at::Tensor& sums) {
  const Differentiated result = differentiate(false);
  const c10::NoGradGuard no_grad;
  sums.add_(at::where(result.active, result.gradient, at::zeros({}, result.gradient.options())));
}

}  // namespace fedsim::batched
