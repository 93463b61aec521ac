// Which tasks a free thread takes next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <numeric>
#include <span>

namespace fedsim {

/// Tasks [first, end).
struct TaskRange {
  std::size_t first, end;
  bool empty() const { return first == end; }
};

/// Hands out tasks in order, to whoever asks: a group at a time, whose tasks leave each other something that then stays in one
/// core's cache, as long as every thread finds as much work behind it; then a task at a time, so that the threads end together.
/// Thread-safe.
class Handout {
 public:
  /// `groups`: where each begins, and the number of tasks behind the last. None: each task alone. `work` of each task, in any
  /// unit, where there are groups.
  Handout(std::size_t tasks, std::span<const std::size_t> groups, std::span<const std::int64_t> work, std::size_t threads)
      : tasks_(tasks), groups_(groups), work_(work), threads_(threads), left_(sum(0, work.size())) {}

  /// Tasks that no other call has; empty when there are no more.
  TaskRange take() {
    const std::lock_guard lock(mutex_);
    const std::size_t first = next_;
    if (const std::size_t end = whole_group(); end > first)
      next_ = end;
    else if (next_ < tasks_)
      ++next_;
    return {first, next_};
  }

 private:
  /// The end of the next group where it is to be taken as a whole, else 0.
  std::size_t whole_group() {
    if (whole_ + 1 >= groups_.size()) return 0;
    const std::int64_t own = sum(groups_[whole_], groups_[whole_ + 1]);
    if (left_ - own < static_cast<std::int64_t>(threads_) * own) {
      groups_ = {};
      return 0;
    }
    left_ -= own;
    return groups_[++whole_];
  }
  std::int64_t sum(std::size_t first, std::size_t end) const {
    return std::accumulate(work_.begin() + static_cast<std::ptrdiff_t>(first), work_.begin() + static_cast<std::ptrdiff_t>(end),
                           std::int64_t{0});
  }

  std::size_t tasks_;
  std::span<const std::size_t> groups_;  // none once tasks are handed out singly
  std::span<const std::int64_t> work_;
  std::size_t threads_, next_ = 0;
  std::size_t whole_ = 0;  // groups handed out
  std::int64_t left_;      // work that is not handed out
  std::mutex mutex_;
};

}  // namespace fedsim
