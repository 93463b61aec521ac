#include "train/client_bytes.h"

#include <algorithm>

#include "core/prefetch.h"

namespace fedsim {

ClientBytes::ClientBytes(const Samples& samples, std::int64_t sample, std::int64_t targets, std::size_t cache)
    : samples_(samples), sample_(sample), targets_(targets), cache_(cache) {}

/// True where so many samples stay in the cache from the run before on, beside what that run works on: the start, its
/// parameters and the sum of the changes, of twice their size.
bool ClientBytes::stay_in_cache(std::int64_t samples, std::size_t model) const {
  return static_cast<std::size_t>(samples * sample_) + 4 * model <= cache_ / 2;
}

void ClientBytes::begin(const ClientData& client, const BatchPlan& plan, std::size_t model) {
  const std::int64_t n = client.rows.size();
  at_hand_ = client.client == next_ && n == expected_;
  next_ = client.next;
  // Runs that leave out samples: the next client's, as a rule, does so too.
  next_rows_ = plan.visits() >= n && stay_in_cache(client.next_rows.size(), model) ? client.next_rows : Rows();
  next_rows_.ask_for();
  expected_ = step_ = 0;
  rows_.resize(static_cast<std::size_t>(std::min(n, plan.visits())));
  x_.resize(rows_.size());
  y_.resize(rows_.size() * static_cast<std::size_t>(targets_));
  find_epoch(plan);
  ask_for_own(0, plan.upcoming());
}

Batch ClientBytes::all(const BatchPlan& plan) {
  const auto n = static_cast<std::int64_t>(x_.size());
  ask_for_own(plan.upcoming(), n);
  return part(0, n);
}

Batch ClientBytes::batch(const BatchPlan& plan, std::int64_t count) {
  if (plan.first() == 0 && step_ > 0) find_epoch(plan);
  Batch batch = part(plan.first(), count);
  const auto* after = batch.bytes + count;
  coming_.assign(after, after + (at_hand_ ? 0 : plan.upcoming()));
  expect_next(plan.steps());
  batch.coming = coming_;
  return batch;
}

/// The plan stands before the first batch of the epoch, or at it.
void ClientBytes::find_epoch(const BatchPlan& plan) {
  for (std::size_t i = 0; i < rows_.size(); ++i) rows_[i] = plan.row(static_cast<std::int64_t>(i));
  samples_.find(rows_, x_.data(), y_.data());
}

/// Samples [first, end) of the epoch, where they are not at hand.
void ClientBytes::ask_for_own(std::int64_t first, std::int64_t end) const {
  if (at_hand_) return;
  for (std::int64_t i = first; i < end; ++i) ask_for_all(x_[static_cast<std::size_t>(i)], static_cast<std::size_t>(sample_));
}

/// The part of the next client that goes with this step, of so many.
void ClientBytes::expect_next(std::int64_t steps) {
  const std::int64_t end = next_rows_.size() * ++step_ / steps;
  if (expected_ == end) return;
  next_part_.clear();
  while (expected_ < end) next_part_.push_back(next_rows_[expected_++]);
  const std::size_t own = coming_.size();
  coming_.resize(own + next_part_.size());
  samples_.expect(next_part_, coming_.data() + own);
}

Batch ClientBytes::part(std::int64_t first, std::int64_t count) const {
  Batch batch;
  batch.bytes = x_.data() + first;
  batch.y = y_.data() + first * targets_;
  batch.count = count;
  return batch;
}

}  // namespace fedsim
