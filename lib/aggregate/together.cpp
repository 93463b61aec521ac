#include "aggregate/together.h"

#include <algorithm>

namespace fedsim {
namespace {

// A pass over the sum costs as much as the product of some clients: eight share one. Changes of large models take memory
// while they wait, for each thread that trains a client whose group is not complete.
constexpr std::size_t most_clients = 8, most_bytes = std::size_t{32} << 20;

}  // namespace

Together::Together(std::size_t clients, std::size_t bytes)
    : group_(std::clamp<std::size_t>(most_bytes / std::max<std::size_t>(bytes, 1), 1, most_clients)),
      waiting_(clients),
      ended_((clients + group_ - 1) / group_) {}

std::vector<EndedClient> Together::put(std::size_t i, EndedClient client) {
  const std::size_t number = i / group_, first = number * group_, end = std::min(first + group_, waiting_.size());
  const std::lock_guard lock(mutex_);
  waiting_[i] = std::move(client);
  std::vector<EndedClient> changes;
  if (++ended_[number] < end - first) return changes;
  for (std::size_t k = first; k < end; ++k)
    if (waiting_[k].change) changes.push_back(std::move(waiting_[k]));
  return changes;
}

}  // namespace fedsim
