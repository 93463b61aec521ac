// Sealed changes of clients that follow each other, held until all of these clients have ended: which changes are added to
// each other depends on the order of work, not on which client ends first or on which thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/sealed_change.h"

namespace fedsim {

/// What a client has left to add. Null, until its group is complete, where it has ended without that.
struct EndedClient {
  std::unique_ptr<const SealedChange> change;
  std::int64_t weight = 0;
};

class Together {
 public:
  using Group = std::vector<EndedClient>;
  /// Of clients with so many samples each, in the order of work, whose changes are vectors of `bytes` bytes.
  Together(std::span<const std::int64_t> samples, std::size_t bytes);

  /// Where each group begins in the order, and behind the last one the number of clients.
  std::span<const std::size_t> groups() const { return first_; }
  /// The i-th client in the order of work has ended; each once. Gives those of its group that have a change, in that order,
  /// where it is the last of them to end; else none. Thread-safe.
  Group put(std::size_t i, EndedClient client);
  /// The group that was complete last, which put() does not give: all threads are free to share it.
  const Group& late() const { return late_; }

 private:
  std::vector<std::size_t> first_;                 // see groups()
  std::vector<EndedClient> waiting_;               // by place in the order
  std::vector<std::atomic<std::size_t>> clients_;  // of each group, that have not ended
  std::atomic<std::size_t> incomplete_;            // groups
  Group late_;
};

}  // namespace fedsim
