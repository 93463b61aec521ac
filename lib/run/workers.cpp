#include "run/workers.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "core/random.h"
#include "run/handout.h"
#include "run/stop.h"

namespace fedsim {
namespace {

/// `order`, or for tests (FEDSIM_SHUFFLE_CLIENTS=SEED) a permutation of it: results must not depend on it.
std::vector<std::int64_t> handed_out(std::span<const std::int64_t> order) {
  std::vector<std::int64_t> result(order.begin(), order.end());
  if (const char* seed = std::getenv("FEDSIM_SHUFFLE_CLIENTS"))
    Random(std::strtoull(seed, nullptr, 10), Purpose::subset, order.size()).shuffle(std::span(result));
  return result;
}

}  // namespace

struct Workers::Impl {
  Impl(const Engine& e, const Dataset& d, Dtype t, std::size_t threads)
      : engine(e), data(d), dtype(t), pool(threads), workers(threads) {}
  const Engine& engine;
  const Dataset& data;
  Dtype dtype;
  Pool pool;
  std::vector<std::unique_ptr<Worker>> workers;  // by slot of the pool

  Worker& worker(std::size_t slot) {
    if (!workers[slot]) workers[slot] = std::make_unique<Worker>(engine.learner(), data, dtype);
    return *workers[slot];
  }
};

Workers::Workers(const Engine& engine, const Dataset& data, Dtype dtype, std::int64_t threads)
    : impl_(std::make_unique<Impl>(engine, data, dtype,
                                   static_cast<std::size_t>(threads > 0 ? threads : usable_processors()))) {}

Workers::~Workers() = default;

std::int64_t Workers::threads() const { return static_cast<std::int64_t>(impl_->workers.size()); }

bool Workers::for_each(const Tasks& tasks,
                       const std::function<void(std::int64_t, Worker&, std::size_t)>& work, bool may_stop,
                       const std::function<void(std::size_t)>& done) {
  const std::vector<std::int64_t> order = handed_out(tasks.order);
  Handout rest(order.size(), tasks.groups, tasks.work, impl_->workers.size());
  std::atomic<bool> whole{true};
  impl_->pool.run(order.size(), [&](std::size_t slot) {
    for (TaskRange range = rest.take(); !range.empty(); range = rest.take())
      for (std::size_t i = range.first; i < range.end; ++i) {
        if (may_stop && stop_requested()) {
          whole = false;
          return;
        }
        work(order[i], impl_->worker(slot), slot);
      }
    done(slot);
  });
  return whole;
}

void Workers::in_ranges(std::size_t size, const RangeWork& work) {
  constexpr std::size_t worth_a_thread = 1 << 12;  // values, to the nearest: some microseconds of work, as a thread takes to begin
  const std::size_t parts = std::clamp<std::size_t>((size + worth_a_thread / 2) / worth_a_thread, 1, impl_->workers.size());
  if (parts == 1) return work(0, size);
  std::atomic<std::size_t> next{0};
  impl_->pool.run(parts, [&](std::size_t) {
    for (std::size_t i; (i = next.fetch_add(1)) < parts;) work(size * i / parts, size * (i + 1) / parts);
  });
}

}  // namespace fedsim
