// Which tasks a free thread takes next.
#pragma once

#include <cstddef>
#include <mutex>
#include <span>

namespace fedsim {

/// Tasks [first, end).
struct TaskRange {
  std::size_t first, end;
  bool empty() const { return first == end; }
};

/// Hands out tasks in order, to whoever asks: a group at a time, whose tasks leave each other something that then stays in one
/// core's cache; the last groups, one for each thread, a task at a time, so that the threads end together. Thread-safe.
class Handout {
 public:
  /// `groups`: where each begins, and the number of tasks behind the last. None: each task alone.
  Handout(std::size_t tasks, std::span<const std::size_t> groups, std::size_t threads)
      : tasks_(tasks), groups_(groups), threads_(threads) {}

  /// Tasks that no other call has; empty when there are no more.
  TaskRange take() {
    const std::lock_guard lock(mutex_);
    const std::size_t first = next_;
    if (whole_ + threads_ + 1 < groups_.size())
      next_ = groups_[++whole_];
    else if (next_ < tasks_)
      ++next_;
    return {first, next_};
  }

 private:
  std::size_t tasks_;
  std::span<const std::size_t> groups_;
  std::size_t threads_, next_ = 0;
  std::size_t whole_ = 0;  // groups handed out as a whole
  std::mutex mutex_;
};

}  // namespace fedsim
