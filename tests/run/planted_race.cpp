// A true data race in tasks of the pool: ThreadSanitizer must report it, or its silence about the tests means
// nothing.
#include <cstdio>

#include "run/pool.h"

int main() {
  fedsim::Pool pool(4);
  long shared = 0;  // not atomic, written by every thread
  for (int repeat = 0; repeat < 100; ++repeat)
    pool.run(4, [&](std::size_t) {
      for (int i = 0; i < 1000; ++i) ++shared;
    });
  std::printf("%ld\n", shared);
}
