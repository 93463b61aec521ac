// The threads of a run, whoever makes them: oneTBB's (pool_tbb.cpp) or the standard library's
// (pool_threads.cpp, chosen by -DFEDSIM_EXECUTOR=threads). ThreadSanitizer needs the latter: it can't see how
// oneTBB, which is not instrumented, orders memory, and a suppression for that hides true races too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace fedsim {

class Pool {
 public:
  explicit Pool(std::size_t threads);
  ~Pool();
  std::size_t threads() const;
  /// Runs work(slot) on at most `count` threads at once, the calling one among them; `slot` < threads() is
  /// that of no other running call. How many calls there are is left to the pool: one at least, `count` at
  /// most. Rethrows the first exception after all have ended.
  void run(std::size_t count, const std::function<void(std::size_t)>& work);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Processors this process may run on (affinity respected; the cgroup's quota too where oneTBB knows of it).
std::int64_t usable_processors();

}  // namespace fedsim
