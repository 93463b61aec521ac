#include "aggregate/together.h"

#include <algorithm>

namespace fedsim {
namespace {

// A pass over the sum costs as much as the product of some tens of samples. More of them than share one here no longer fit
// the core's own cache. Changes of large models take memory while they wait, for each thread that trains a client whose group
// is not complete.
constexpr std::int64_t enough_samples = 240;
constexpr std::size_t most_clients = 24, most_bytes = std::size_t{32} << 20;

std::vector<std::size_t> groups_of(std::span<const std::int64_t> samples, std::size_t bytes) {
  const std::size_t most = std::clamp<std::size_t>(most_bytes / std::max<std::size_t>(bytes, 1), 1, most_clients);
  std::vector<std::size_t> first;
  std::int64_t of_group = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (i == 0 || of_group >= enough_samples || i - first.back() == most) {
      first.push_back(i);
      of_group = 0;
    }
    of_group += samples[i];
  }
  first.push_back(samples.size());
  return first;
}

}  // namespace

Together::Together(std::span<const std::int64_t> samples, std::size_t bytes)
    : first_(groups_of(samples, bytes)), waiting_(samples.size()), clients_(first_.size() - 1), incomplete_(clients_.size()) {
  for (std::size_t k = 0; k < clients_.size(); ++k) clients_[k] = first_[k + 1] - first_[k];
}

// A client that finds itself the last one of its group sees what the others have written, by the counter's order.
Together::Group Together::put(std::size_t i, EndedClient client) {
  const auto next = std::ranges::upper_bound(first_, i);
  const auto number = static_cast<std::size_t>(next - first_.begin()) - 1;
  waiting_[i] = std::move(client);
  Group changes;
  if (--clients_[number] > 0) return changes;
  for (std::size_t k = first_[number]; k < *next; ++k)
    if (waiting_[k].change) changes.push_back(std::move(waiting_[k]));
  if (--incomplete_ == 0) late_.swap(changes);
  return changes;
}

}  // namespace fedsim
