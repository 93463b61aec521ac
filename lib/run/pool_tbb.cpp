#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>

#include "run/pool.h"
#include "train/torch_threads.h"

namespace fedsim {

struct Pool::Impl {
  explicit Impl(std::size_t count)
      : threads(count),
        limit(tbb::global_control::max_allowed_parallelism, count),
        arena(static_cast<int>(count)) {}
  std::size_t threads;
  tbb::global_control limit;  // more threads than processors are allowed: results must not depend on it
  tbb::task_arena arena;
};

std::int64_t usable_processors() { return tbb::info::default_concurrency(); }

Pool::Pool(std::size_t threads) : impl_(std::make_unique<Impl>(threads)) {}
Pool::~Pool() = default;
std::size_t Pool::threads() const { return impl_->threads; }

void Pool::run(std::size_t count, const std::function<void(std::size_t)>& work) {
  const auto call = [&](std::size_t) {
    use_one_torch_thread();  // of a TBB worker that may be new, or older than LibTorch in this process
    work(static_cast<std::size_t>(tbb::this_task_arena::current_thread_index()));
  };
  impl_->arena.execute([&] {
    tbb::parallel_for(std::size_t{0}, std::min(count, impl_->threads), call, tbb::simple_partitioner{});
  });
}

}  // namespace fedsim
