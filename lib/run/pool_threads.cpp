#include <sched.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "run/pool.h"
#include "train/torch_threads.h"

namespace fedsim {

/// Threads that wait for the next job; the calling thread has slot 0.
struct Pool::Impl {
  explicit Impl(std::size_t count) {
    use_one_torch_thread();
    for (std::size_t slot = 1; slot < count; ++slot) threads.emplace_back([this, slot] { serve(slot); });
  }
  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      ending = true;
    }
    begun.notify_all();
    for (auto& thread : threads) thread.join();
  }

  void serve(std::size_t slot) {
    use_one_torch_thread();
    for (std::size_t seen = 0;;) {
      const std::function<void(std::size_t)>* work = nullptr;
      {
        std::unique_lock lock(mutex);
        begun.wait(lock, [&] { return ending || job != seen; });
        if (ending) return;
        seen = job;
        if (slot < wanted) work = current;
      }
      if (work == nullptr) continue;
      call(*work, slot);
      const std::lock_guard lock(mutex);
      if (--working == 0) ended.notify_one();
    }
  }

  void call(const std::function<void(std::size_t)>& work, std::size_t slot) {
    try {
      work(slot);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  }

  std::mutex mutex;
  std::condition_variable begun, ended;
  std::size_t job = 0, wanted = 0, working = 0;
  const std::function<void(std::size_t)>* current = nullptr;
  std::exception_ptr failure;
  bool ending = false;
  std::vector<std::thread> threads;  // last: they use the others
};

std::int64_t usable_processors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return std::max<std::int64_t>(1, std::thread::hardware_concurrency());
}

Pool::Pool(std::size_t threads) : impl_(std::make_unique<Impl>(threads)) {}
Pool::~Pool() = default;
std::size_t Pool::threads() const { return impl_->threads.size() + 1; }

void Pool::run(std::size_t count, const std::function<void(std::size_t)>& work) {
  if (count == 0) return;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->wanted = std::min(count, threads());
    impl_->working = impl_->wanted - 1;
    impl_->current = &work;
    ++impl_->job;
  }
  impl_->begun.notify_all();
  impl_->call(work, 0);
  std::unique_lock lock(impl_->mutex);
  impl_->ended.wait(lock, [&] { return impl_->working == 0; });
  if (auto failure = std::exchange(impl_->failure, nullptr)) std::rethrow_exception(failure);
}

}  // namespace fedsim
