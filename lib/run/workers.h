// A worker for each thread of the pool: one task at a time, one intra-op thread each.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/ranges.h"
#include "data/dataset.h"
#include "run/pool.h"
#include "train/engine.h"
#include "train/local_sgd.h"

namespace fedsim {

struct Tasks {
  std::span<const std::int64_t> order;
  std::span<const std::size_t> groups{};  // see Handout
  std::span<const std::int64_t> work{};   // the same
};

/// A worker of each thread, made when the thread first needs it. Memory scales with threads, never with clients.
class Workers {
 public:
  /// threads 0: all processors this process may use.
  Workers(const Engine& engine, const Dataset& data, Dtype dtype, std::int64_t threads);
  ~Workers();
  std::int64_t threads() const;

  /// Calls work(i, worker, slot) for i in the order of `tasks`, handed out in that order to the threads (see Handout);
  /// slot < threads() numbers the calling thread. The first exception is rethrown after the others have ended. Where a stop is
  /// requested the rest is skipped, if it may be: false. A thread that finds no more to begin calls done(slot), which may come
  /// more than once for a slot, and does not after a stop or an exception.
  bool for_each(const Tasks& tasks,
                const std::function<void(std::int64_t, Worker&, std::size_t)>& work, bool may_stop = true,
                const std::function<void(std::size_t)>& done = [](std::size_t) {});
  /// See InRanges.
  void in_ranges(std::size_t size, const RangeWork& work);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fedsim
