#include "run/workers.h"

#include <oneapi/tbb/info.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_scheduler_observer.h>

#include <atomic>
#include <optional>

#include "run/stop.h"
#include "train/torch_threads.h"

namespace fedsim {
namespace {

/// OpenMP counts threads for each calling thread: every TBB worker must say "one" for itself.
class OneIntraOpThread final : public tbb::task_scheduler_observer {
 public:
  explicit OneIntraOpThread(tbb::task_arena& arena) : tbb::task_scheduler_observer(arena) { observe(true); }
  ~OneIntraOpThread() override { observe(false); }
  void on_scheduler_entry(bool) override { use_one_torch_thread(); }
};

}  // namespace

std::int64_t usable_processors() { return tbb::info::default_concurrency(); }

struct Workers::Impl {
  Impl(const Engine& e, const Dataset& d, Dtype t, int threads)
      : engine(e),
        data(d),
        dtype(t),
        limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads)),
        arena(threads),
        one_thread(arena),
        workers(static_cast<std::size_t>(threads)) {}
  const Engine& engine;
  const Dataset& data;
  Dtype dtype;
  tbb::global_control limit;  // more threads than processors are allowed: results must not depend on it
  tbb::task_arena arena;
  OneIntraOpThread one_thread;
  std::vector<std::unique_ptr<Worker>> workers;  // by slot of the arena

  Worker& worker(std::size_t slot) {
    if (!workers[slot]) workers[slot] = std::make_unique<Worker>(engine.learner(), data, dtype);
    return *workers[slot];
  }
};

Workers::Workers(const Engine& engine, const Dataset& data, Dtype dtype, std::int64_t threads)
    : impl_(std::make_unique<Impl>(engine, data, dtype,
                                   static_cast<int>(threads > 0 ? threads : usable_processors()))) {}

Workers::~Workers() = default;

std::int64_t Workers::threads() const { return static_cast<std::int64_t>(impl_->workers.size()); }

bool Workers::for_each(std::span<const std::int64_t> order,
                       const std::function<void(std::int64_t, Worker&, std::size_t)>& work, bool may_stop) {
  // A shared counter hands the tasks out in the order given, largest first, whoever is free.
  std::atomic<std::size_t> next{0};
  std::atomic<bool> whole{true};
  const auto serve = [&](std::size_t) {
    const auto slot = static_cast<std::size_t>(tbb::this_task_arena::current_thread_index());
    for (std::size_t i; (i = next.fetch_add(1)) < order.size();) {
      if (may_stop && stop_requested()) {
        whole = false;
        return;
      }
      work(order[i], impl_->worker(slot), slot);
    }
  };
  impl_->arena.execute([&] {
    tbb::parallel_for(std::size_t{0}, std::min(order.size(), impl_->workers.size()), serve, tbb::simple_partitioner{});
  });
  return whole;
}

}  // namespace fedsim
