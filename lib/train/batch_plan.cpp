#include "train/batch_plan.h"

#include <algorithm>
#include <numeric>

namespace fedsim {
namespace {

/// Words of the dropout stream kept for one step; more than any batch draws.
constexpr int dropout_words_log2 = 34;

/// How many batches a run has: the job's word first, then the client's own, then [client].
std::int64_t planned_steps(const LocalJob& job, const ClientData& client, const ClientOptions& options,
                           std::int64_t batches_per_epoch) {
  if (job.steps > 0) return job.steps;
  if (job.epochs > 0) return job.epochs * batches_per_epoch;
  if (client.steps > 0) return client.steps;
  if (options.steps) return *options.steps;
  return options.epochs.value_or(1) * batches_per_epoch;
}

Random stream(std::uint64_t seed, Purpose purpose, std::uint64_t round, std::int64_t client) {
  return Random(seed, purpose, round, static_cast<std::uint64_t>(client));
}

}  // namespace

Random noise_stream(const Round& round, std::int64_t client) {
  return stream(round.seed, Purpose::feature_noise, static_cast<std::uint64_t>(round.index), client);
}

void BatchPlan::begin(const ClientData& client, const Round& round, const LocalJob& job, bool whole) {
  const std::int64_t n = client.rows.size();
  client_ = client;
  seed_ = round.seed;
  round_ = static_cast<std::uint64_t>(round.index);
  step_ = -1;
  first_ = batch_size_ = batches_ = steps_ = 0;
  if (n == 0) return;
  whole_ = whole || round.local.batch_size == 0;
  batch_size_ = whole_ ? n : std::min(round.local.batch_size, n);
  batches_ = (n + batch_size_ - 1) / batch_size_;
  steps_ = planned_steps(job, client, round.local, batches_);
  shuffles_ = stream(seed_, Purpose::batches, round_, client.client);
  if (whole_) return;
  order_.resize(static_cast<std::size_t>(n));
  std::iota(order_.begin(), order_.end(), std::uint32_t{0});
  shuffles_.shuffle(std::span(order_));
}

std::int64_t BatchPlan::advance() {
  first_ = ++step_ % batches_ * batch_size_;
  if (first_ == 0 && step_ > 0 && !whole_) shuffles_.shuffle(std::span(order_));
  return std::min(batch_size_, client_.rows.size() - first_);
}

std::int64_t BatchPlan::visits() const {
  if (steps_ == 0) return 0;
  return steps_ / batches_ * client_.rows.size() + steps_ % batches_ * batch_size_;
}

std::int64_t BatchPlan::upcoming() const {
  if (whole_ || step_ + 1 >= steps_) return 0;
  const std::int64_t current = step_ < 0 ? 0 : batch_size_;
  return std::clamp<std::int64_t>(client_.rows.size() - first_ - current, 0, batch_size_);
}

RandomStream BatchPlan::dropout() const {
  return {.seed = seed_,
          .purpose = Purpose::dropout,
          .round = round_,
          .client = static_cast<std::uint64_t>(client_.client),
          .word = static_cast<std::uint64_t>(step_) << dropout_words_log2};
}

}  // namespace fedsim
