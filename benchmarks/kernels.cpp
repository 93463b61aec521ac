// The rate of the compiled trainer's matrix products on the shapes of the literature's models against the libraries that are
// installed (one thread) and the same process' sgemm rate at 1024^3, and of its two ways to convolve. Usage: fedsim_bench_kernels
// [avx512|avx2|generic]
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "libraries.h"
#include "openblas.h"
#include "train/compiled/convolution.h"

namespace {

using namespace fedsim::compiled;

/// Floats at a multiple of 64 bytes, as the learner has them.
class Values {
 public:
  explicit Values(Index n) : memory_(static_cast<std::size_t>(n) + 16) {
    first_ = reinterpret_cast<float*>((reinterpret_cast<std::uintptr_t>(memory_.data()) + 63) / 64 * 64);
    unsigned state = 1;
    for (Index i = 0; i < n; ++i)
      first_[i] = static_cast<float>((state = state * 1664525u + 1013904223u) >> 8) / 16777216.0f - 0.5f;
  }
  Values(const Values&) = delete;
  Values& operator=(const Values&) = delete;
  float* data() { return first_; }
  const float* data() const { return first_; }

 private:
  std::vector<float> memory_;
  float* first_;
};

/// Seconds of processor time of this thread: the machine may be shared.
double now() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// GFLOP/s: the best of 15 batches of about 4 ms.
double rate(double flops, const std::function<void()>& work) {
  const auto seconds = [&](int times) {
    const double start = now();
    for (int i = 0; i < times; ++i) work();
    return now() - start;
  };
  const int times = std::max(1, static_cast<int>(0.004 / std::max(seconds(1), 1e-7)));
  double best = 1e9;
  for (int i = 0; i < 15; ++i) best = std::min(best, seconds(times) / times);
  return flops / best / 1e9;
}

/// A linear layer: y = x W', dx = d W, W += d' x: d carries the learning rate.
void linear(const Kernels<float>& k, Index batch, Index in, Index out) {
  const Values x(batch * in), d(batch * out);
  Values w(out * in), y(batch * out), dx(batch * in);
  const double flops = 2.0 * static_cast<double>(batch * in * out);
  const double forward = rate(flops, [&] {
    k.dot_product({.rows = batch,
                   .columns = out,
                   .inner = in,
                   .a = x.data(),
                   .a_row = in,
                   .b = w.data(),
                   .b_row = in,
                   .c = y.data(),
                   .c_row = out});
  });
  const double input = rate(flops, [&] {
    k.product({.rows = batch,
               .columns = in,
               .inner = out,
               .a = d.data(),
               .a_row = out,
               .a_inner = 1,
               .b = w.data(),
               .b_inner = in,
               .c = dx.data(),
               .c_row = in});
  });
  const double update = rate(flops, [&] {
    k.product({.rows = out,
               .columns = in,
               .inner = batch,
               .a = d.data(),
               .a_row = 1,
               .a_inner = out,
               .b = x.data(),
               .b_inner = in,
               .c = w.data(),
               .c_row = in,
               .write = Write::sgd,
               .descent = {.lr = 0,
                           .weight_decay = 0,
                           .prox = 0,
                           .w = w.data(),
                           .anchor = nullptr,
                           .linear = nullptr}});
  });
  fmt::print("linear {:3} x {:4} -> {:4}   y {:6.1f}  dx {:6.1f}  W {:6.1f}", batch, in, out, forward, input, update);
  const fedsim::benchmark::Shape shape{static_cast<int>(batch), static_cast<int>(in), static_cast<int>(out)};
  for (const auto& library : fedsim::benchmark::libraries(shape))
    fmt::print("  {} {:5.1f} {:5.1f} {:5.1f}", library->name(),
               rate(flops, [&] { library->forward(x.data(), w.data(), y.data()); }),
               rate(flops, [&] { library->input(d.data(), w.data(), dx.data()); }),
               rate(flops, [&] { library->update(d.data(), x.data(), w.data()); }));
  fmt::print("\n");
}

/// The three passes of a convolution with `same` padding on 10 images, by the sum itself and by Winograd's filtering,
/// filters packed and transformed; FLOPs of the sum for both.
void convolution(const Kernels<float>& k, Index size, Index channels, Index filters, Index kernel) {
  const ConvShape shape{.channels = channels,
                        .height = size,
                        .width = size,
                        .filters = filters,
                        .out_height = size,
                        .out_width = size,
                        .kernel = kernel,
                        .stride = 1,
                        .padding = kernel / 2,
                        .weight = 0,
                        .bias = -1};
  constexpr Index images = 10;
  const Values x(images * shape.in_size()), w(shape.weights()), dy(images * shape.out_size());
  Values y(images * shape.out_size()), dx(images * shape.in_size()), dw(shape.weights());
  Scratch<float> scratch;
  const Pass<float> pass{.kernels = k, .scratch = &scratch, .count = images, .w = w.data(), .gradient = dw.data()};
  const double flops = 2.0 * static_cast<double>(images * size * size * shape.weights());
  fmt::print("conv {:2}x{:2}x{:3} -> {:3}, {}x{}", size, size, channels, filters, kernel, kernel);
  const auto measure = [&](const char* name, Convolution<float>* convolution) {
    if (!convolution) return;
    const double forward = rate(flops, [&] { convolution->forward(pass, x.data(), false, y.data()); });
    const double input = rate(flops, [&] { convolution->input_gradient(pass, dy.data(), dx.data()); });
    const double weight = rate(flops, [&] { convolution->weight_gradient(pass, dy.data()); });
    fmt::print("  {} {:6.1f} {:6.1f} {:6.1f}", name, forward, input, weight);
  };
  measure("direct", make_direct<float>(shape).get());
  measure("Winograd", make_winograd<float>(shape).get());
  fmt::print("\n");
}

}  // namespace

int main(int argc, char** argv) {
  fedsim::benchmark::prepare_openblas(argv);
  const Kernels<float>* kernels = argc > 1 ? kernels_for<float>(argv[1]) : &best_kernels<float>();
  if (!kernels) return fmt::print("this processor does not have {}\n", argv[1]), 1;
  const int n = 1024;
  const Values a(n * n), b(n * n);
  Values c(n * n);
  fmt::print("{}; GFLOP/s, y, dx, W; OpenBLAS' sgemm at 1024^3: {:.1f}\n", kernels->instruction_set,
             rate(2.0 * n * n * n, [&] {
               cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, a.data(), n, b.data(), n, 0,
                           c.data(), n);
             }));
  for (const Index batch : {10, 6, 64}) {
    linear(*kernels, batch, 784, 200);
    linear(*kernels, batch, 200, 200);
    linear(*kernels, batch, 200, 10);
    linear(*kernels, batch, 784, 10);
    linear(*kernels, batch, 3136, 512);
  }
  convolution(*kernels, 28, 1, 32, 5);
  convolution(*kernels, 14, 32, 64, 5);
  convolution(*kernels, 24, 1, 6, 5);
  convolution(*kernels, 8, 6, 16, 5);
  convolution(*kernels, 32, 32, 32, 3);
  convolution(*kernels, 32, 64, 64, 3);
  convolution(*kernels, 16, 128, 128, 3);
  convolution(*kernels, 8, 256, 256, 3);
  convolution(*kernels, 4, 512, 512, 3);
}
