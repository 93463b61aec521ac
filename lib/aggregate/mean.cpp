// The weighted mean, as an exact sum: sum_k n_k x_k / sum_k n_k with integer weights, divided once at the end.
#include <cmath>
#include <optional>

#include "aggregate/exact_sum.h"
#include "aggregate/rule.h"

namespace fedsim {
namespace {

class MeanAccumulator final : public Accumulator {
 public:
  explicit MeanAccumulator(std::int64_t cohort) : cohort_(cohort) {}

  bool add(Update&& update, const Magnitude& delta, std::int64_t weight) override {
    Vec scalars = Vec::of(std::span<const double>(update.scalars));
    const double side = max_abs(update.side), numbers = max_abs(scalars);
    for (const double largest : {delta.largest, side, numbers})
      if (!std::isfinite(largest * static_cast<double>(weight))) return false;
    dtype_ = update.sealed ? update.sealed->dtype() : update.delta.dtype();
    add_to(delta_, std::move(update.delta), delta.largest, weight);
    add_to(side_, std::move(update.side), side, weight);
    add_to(scalars_, std::move(scalars), numbers, weight);
    weight_ += weight;
    ++reported_;
    return true;
  }

  void add(std::span<const WeightedChange> changes, const InRanges& in_ranges) override {
    if (changes.empty()) return;
    dtype_ = changes.front().change->dtype();
    sum_of(delta_, changes.front().change->size()).add(changes, in_ranges);
  }

  void settle() override {
    for (auto* sum : {&delta_, &side_, &scalars_})
      if (*sum) (*sum)->add_waiting();
  }

  void merge(Accumulator& other) override {
    auto& from = dynamic_cast<MeanAccumulator&>(other);
    if (from.delta_) dtype_ = from.dtype_;
    merge_into(delta_, from.delta_);
    merge_into(side_, from.side_);
    merge_into(scalars_, from.scalars_);
    weight_ += from.weight_;
    reported_ += from.reported_;
  }

  Aggregate close(const InRanges& in_ranges) override {
    Aggregate mean{};
    mean.reported = reported_;
    if (reported_ == 0) return mean;
    const double divisor = weight_ > 0 ? static_cast<double>(weight_) : 1.0;  // all weights 0: all sums are 0
    mean.delta = delta_->quotient(divisor, dtype_, in_ranges);
    if (side_) mean.side = side_->quotient(divisor, dtype_, in_ranges);
    if (scalars_) {
      const Vec numbers = scalars_->quotient(divisor, Dtype::float64);
      mean.scalars.assign(numbers.as<double>().begin(), numbers.as<double>().end());
    }
    return mean;
  }

 private:
  void add_to(std::optional<ExactSum>& sum, Vec&& x, double largest, std::int64_t weight) const {
    if (!x.empty()) sum_of(sum, x.size()).add(std::move(x), largest, weight);
  }
  ExactSum& sum_of(std::optional<ExactSum>& sum, std::size_t size) const {
    if (!sum) sum.emplace(size, cohort_);
    return *sum;
  }
  static void merge_into(std::optional<ExactSum>& sum, std::optional<ExactSum>& from) {
    if (!from) return;
    if (sum)
      sum->merge(*from);
    else
      sum = std::move(from);
  }

  std::int64_t cohort_, weight_ = 0, reported_ = 0;
  Dtype dtype_ = Dtype::float32;
  std::optional<ExactSum> delta_, side_, scalars_;
};

class Mean final : public AggregateRule {
 public:
  using Options = NoOptions;
  explicit Mean(Options) {}
  std::unique_ptr<Accumulator> open(std::int64_t cohort) const override {
    return std::make_unique<MeanAccumulator>(cohort);
  }
};

const Register<AggregateRule, Mean> entry{"mean", "weighted mean, as an exact sum", "arXiv:1602.05629"};

}  // namespace
}  // namespace fedsim
