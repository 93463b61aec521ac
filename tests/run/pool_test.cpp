// The pool of threads: built with std::thread too, for ThreadSanitizer.
#include "run/pool.h"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "catch.hpp"

using namespace fedsim;

TEST_CASE("a pool gives every running call a slot of its own") {
  for (const std::size_t threads : {1u, 2u, 5u}) {
    Pool pool(threads);
    REQUIRE(pool.threads() == threads);
    for (std::size_t count = 0; count < 12; ++count) {
      std::vector<std::atomic<int>> inside(threads);
      std::atomic<int> clashes{0}, calls{0};
      pool.run(count, [&](std::size_t slot) {
        if (inside.at(slot)++ != 0) ++clashes;
        ++calls;
        std::this_thread::yield();
        --inside[slot];
      });
      CHECK(clashes == 0);
      CHECK(static_cast<std::size_t>(calls) <= count);
      CHECK((calls > 0) == (count > 0));
    }
  }
}

TEST_CASE("what a call of a pool wrote is seen after the run, and by the next") {
  Pool pool(4);
  std::vector<long> sums(4, 0);  // not atomic: a slot belongs to one call at a time
  std::atomic<long> tasks{0};
  for (int repeat = 0; repeat < 200; ++repeat) {
    std::atomic<int> next{0};
    pool.run(4, [&](std::size_t slot) {
      for (; next.fetch_add(1) < 16; ++tasks) ++sums[slot];
    });
    long total = 0;
    for (const long sum : sums) total += sum;
    REQUIRE(total == tasks);
  }
  CHECK(tasks == 200 * 16);
}

TEST_CASE("an exception leaves a pool when all calls have ended, and the pool goes on") {
  Pool pool(3);
  std::atomic<int> running{0};
  for (int repeat = 0; repeat < 20; ++repeat) {
    CHECK_THROWS_AS(pool.run(3,
                             [&](std::size_t) {
                               ++running;
                               std::this_thread::sleep_for(std::chrono::microseconds(50));
                               --running;
                               throw std::runtime_error("one of them");
                             }),
                    std::runtime_error);
    CHECK(running == 0);
  }
  int calls = 0;
  pool.run(1, [&](std::size_t) { ++calls; });
  CHECK(calls == 1);
}
