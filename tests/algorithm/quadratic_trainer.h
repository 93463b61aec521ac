// A client with f(w) = a/2 (w - b)^2 in one dimension, trained in ten lines: closed forms for algorithms without torch.
#pragma once

#include "algorithm/algorithm.h"

namespace fedsim::testing {

inline Vec scalar(double value) { return Vec::of(std::span<const double>(&value, 1)); }

class QuadraticTrainer final : public Trainer {
 public:
  QuadraticTrainer(double curvature, double centre, std::int64_t steps, double lr, double momentum = 0)
      : a_(curvature), b_(centre), steps_(steps), lr_(lr), momentum_(momentum) {}
  std::int64_t samples() const override { return 1; }
  bool submit(TrainRequest& request) override {
    if (request.kind == TrainRequest::Kind::sgd) {
      request.local = sgd_run(*request.job);
    } else {
      const double w = request.at->at(0);
      request.full = {.gradient = scalar(a_ * (w - b_)), .loss = a_ / 2 * (w - b_) * (w - b_), .samples = 1};
    }
    return true;
  }

 private:
  LocalResult sgd_run(const LocalJob& job) const {
    double w = job.start.at(0), velocity = 0;
    const double anchor = (job.anchor ? *job.anchor : job.start).at(0);
    const double linear = job.linear.empty() ? 0 : job.linear.at(0);
    for (std::int64_t k = 0; k < steps_; ++k) {
      velocity = momentum_ * velocity + a_ * (w - b_) + job.prox * (w - anchor) + linear;
      w -= lr_ * velocity;
    }
    return {.w = scalar(w), .steps = steps_, .processed = steps_, .loss = 0};
  }
  double a_, b_;
  std::int64_t steps_;
  double lr_, momentum_;
};

}  // namespace fedsim::testing
