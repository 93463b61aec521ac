// The yardstick of compute efficiency: GFLOP/s of OpenBLAS's sgemm at 1024^3, on THREADS cores at once (each thread
// multiplies its own matrices, so that the cores' common clock and memory are as loaded as in training).
// Prints the best and the median of 12 rates. Usage: fedsim_bench_sgemm_peak [THREADS]
#include <fmt/format.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "openblas.h"

int main(int argc, char** argv) {
  fedsim::benchmark::prepare_openblas(argv);
  const int threads = argc > 1 ? std::max(1, std::atoi(argv[1])) : 1;
  constexpr int n = 1024, repeats = 12, products = 10;
  using Clock = std::chrono::steady_clock;
  std::barrier together(threads + 1);
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t)
    workers.emplace_back([&] {
      std::vector<float> a(n * n, 0.5F), b(n * n, 0.25F), c(n * n);
      for (int repeat = 0; repeat < repeats; ++repeat) {
        together.arrive_and_wait();
        for (int i = 0; i < products; ++i)
          cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, a.data(), n, b.data(), n, 0, c.data(), n);
        together.arrive_and_wait();
      }
    });
  std::vector<double> seconds;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    together.arrive_and_wait();
    const auto begin = Clock::now();
    together.arrive_and_wait();
    seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
  }
  for (auto& worker : workers) worker.join();
  std::ranges::sort(seconds);
  const double work = 2e-9 * n * n * n * products * threads;
  fmt::print("{:.1f} {:.1f}\n", work / seconds.front(), 2 * work / (seconds[repeats / 2 - 1] + seconds[repeats / 2]));
}
