#include "aggregate/together.h"

#include <algorithm>

namespace fedsim {
namespace {

// A pass over the sum costs as much as the product of some tens of samples. More of them than share one here no longer fit
// the core's own cache. Changes of large models take memory while they wait, for each thread that trains a client whose group
// is not complete.
constexpr std::int64_t enough_samples = 240;
constexpr std::size_t most_clients = 24, most_bytes = std::size_t{32} << 20;

}  // namespace

Together::Together(std::span<const std::int64_t> samples, std::size_t bytes)
    : waiting_(samples.size()), left_(samples.size()) {
  const std::size_t most = std::clamp<std::size_t>(most_bytes / std::max<std::size_t>(bytes, 1), 1, most_clients);
  std::int64_t of_group = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (i == 0 || of_group >= enough_samples || i - first_.back() == most) {
      first_.push_back(i);
      of_group = 0;
    }
    of_group += samples[i];
  }
  ended_.resize(first_.size());
  first_.push_back(samples.size());
}

Together::Group Together::put(std::size_t i, EndedClient client) {
  const auto next = std::ranges::upper_bound(first_, i);
  const auto number = static_cast<std::size_t>(next - first_.begin()) - 1;
  const std::size_t first = first_[number], end = *next;
  const std::lock_guard lock(mutex_);
  waiting_[i] = std::move(client);
  --left_;
  Group changes;
  if (++ended_[number] < end - first) return changes;
  for (std::size_t k = first; k < end; ++k)
    if (waiting_[k].change) changes.push_back(std::move(waiting_[k]));
  if (left_ == 0) late_.swap(changes);
  return changes;
}

}  // namespace fedsim
