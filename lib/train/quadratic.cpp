// f_k(w) = 1/2 (w - c_k)' H_k (w - c_k). A step is one exact gradient of the whole client; everything is computed in
// float64 and the model is rounded to its dtype after each step.
#include "train/quadratic.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace fedsim {
namespace {

std::vector<double> to_double(const Vec& v) {
  std::vector<double> values(v.size());
  for (std::size_t i = 0; i < v.size(); ++i) values[i] = v.at(i);
  return values;
}

class QuadraticLearner final : public Learner {
 public:
  QuadraticLearner(std::shared_ptr<const Quadratics> data, Dtype dtype)
      : data_(std::move(data)), d_(static_cast<std::size_t>(data_->dimension)), dtype_(dtype), g_(d_) {}

  bool whole_clients() const override { return true; }

  bool begin(const Vec& start, const StepRule& rule, const RunShape&) override {
    w_ = to_double(start);
    rule_ = rule;
    anchor_ = rule.anchor ? to_double(*rule.anchor) : std::vector<double>{};
    linear_ = rule.linear ? to_double(*rule.linear) : std::vector<double>{};
    velocity_.clear();
    return false;
  }

  Evaluation step(const Batch& batch) override {
    const double loss = differentiate(batch.client, w_);
    clip();
    const bool fresh = velocity_.empty();
    if (fresh) velocity_.assign(d_, 0.0);
    for (std::size_t i = 0; i < d_; ++i) {
      double g = g_[i] + rule_.weight_decay * w_[i];
      if (!anchor_.empty()) g += rule_.prox * (w_[i] - anchor_[i]);
      if (!linear_.empty()) g += linear_[i];
      velocity_[i] = fresh ? g : rule_.momentum * velocity_[i] + g;
      w_[i] -= rule_.lr * velocity_[i];
      if (dtype_ == Dtype::float32) w_[i] = static_cast<float>(w_[i]);
    }
    return weighted(loss, batch.count);
  }

  Vec parameters() const override {
    Vec w = Vec::uninitialized(d_, dtype_);
    for (std::size_t i = 0; i < d_; ++i) w.set(i, w_[i]);
    return w;
  }

  Evaluation gradient(const Vec& w, const Batch& batch, Vec& gradient) override {
    const double loss = differentiate(batch.client, to_double(w));
    const auto sum = gradient.as<double>();
    for (std::size_t i = 0; i < d_; ++i) sum[i] += static_cast<double>(batch.count) * g_[i];
    return weighted(loss, batch.count);
  }

  Evaluation evaluate(const Vec& w, const Batch& batch) override {
    return weighted(differentiate(batch.client, to_double(w)), batch.count);
  }

 private:
  static Evaluation weighted(double loss, std::int64_t samples) {
    return {.loss = static_cast<double>(samples) * loss, .correct = 0, .count = samples};
  }

  /// g = (H_k + H_k')/2 (w - c_k), which is H_k (w - c_k) for the symmetric H_k the reader asks for; returns f_k(w).
  double differentiate(std::int64_t client, const std::vector<double>& w) {
    const auto k = static_cast<std::size_t>(client);
    const double* h = data_->hessian.data() + k * d_ * d_;
    const double* c = data_->center.data() + k * d_;
    double loss = 0;
    for (std::size_t i = 0; i < d_; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < d_; ++j) sum += 0.5 * (h[i * d_ + j] + h[j * d_ + i]) * (w[j] - c[j]);
      g_[i] = sum;
      loss += 0.5 * (w[i] - c[i]) * sum;
    }
    return loss;
  }

  void clip() {
    if (rule_.clip == 0) return;
    double squares = 0;
    for (const double g : g_) squares += g * g;
    const double length = std::sqrt(squares);
    if (length > rule_.clip)
      for (double& g : g_) g *= rule_.clip / length;
  }

  std::shared_ptr<const Quadratics> data_;
  std::size_t d_;
  Dtype dtype_;
  StepRule rule_;
  std::vector<double> w_, anchor_, linear_, velocity_, g_;  // [d] each
};

class QuadraticEngine final : public Engine {
 public:
  QuadraticEngine(std::shared_ptr<const Quadratics> data, Dtype dtype) : data_(std::move(data)), dtype_(dtype) {
    instruction_set = "generic";
  }
  std::unique_ptr<Learner> learner() const override { return std::make_unique<QuadraticLearner>(data_, dtype_); }
  /// /w0 of the file, whatever the seed.
  Vec initial(std::uint64_t) const override {
    Vec w(static_cast<std::size_t>(data_->dimension), dtype_);
    for (std::size_t i = 0; i < data_->start.size(); ++i) w.set(i, data_->start[i]);
    return w;
  }
  std::string trainer() const override { return "closed-form"; }
  std::string device() const override { return "cpu"; }
  std::vector<Tensor> tensors() const override { return {{"w", {data_->dimension}}}; }
  bool accuracy_defined() const override { return false; }
  std::int64_t test_rows(const Dataset&) const override { return data_->clients; }

 private:
  std::shared_ptr<const Quadratics> data_;
  Dtype dtype_;
};

}  // namespace

std::unique_ptr<Engine> make_quadratic_engine(const Dataset& data, Dtype dtype) {
  return std::make_unique<QuadraticEngine>(data.quadratic, dtype);
}

}  // namespace fedsim
