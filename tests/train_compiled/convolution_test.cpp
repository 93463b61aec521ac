// Both ways to compute a convolution, with every instruction set of this processor, against the sum itself in nested
// loops: odd sizes, strides, paddings, channels that fill no vector and more than one block.
#include "train/compiled/convolution.h"

#include <cmath>
#include <limits>
#include <vector>

#include "catch.hpp"
#include "core/random.h"

using namespace fedsim;
using namespace fedsim::compiled;

namespace {

struct Size {
  Index channels, height, width, filters, kernel, stride, padding, count;
};

ConvShape shape_of(const Size& size) {
  const auto out = [&](Index in) { return (in + 2 * size.padding - size.kernel) / size.stride + 1; };
  return {.channels = size.channels,
          .height = size.height,
          .width = size.width,
          .filters = size.filters,
          .out_height = out(size.height),
          .out_width = out(size.width),
          .kernel = size.kernel,
          .stride = size.stride,
          .padding = size.padding,
          .weight = 0,
          .bias = size.filters * size.channels * size.kernel * size.kernel};
}

template <class T>
std::vector<T> values(Random& random, Index n) {
  std::vector<T> v(static_cast<std::size_t>(n));
  for (T& value : v) value = static_cast<T>(random.uniform(-1, 1));
  return v;
}

/// Images channels last, weights [f, c, ky, kx] and then the bias.
struct Passes {
  std::vector<double> y, dx, dw;
};

template <class T>
Passes in_loops(const ConvShape& s, Index count, const std::vector<T>& x, const std::vector<T>& w,
                const std::vector<T>& dy, bool relu) {
  Passes sums{std::vector<double>(dy.size()), std::vector<double>(x.size()),
              std::vector<double>(static_cast<std::size_t>(s.weights()))};
  const auto at = [](Index i) { return static_cast<std::size_t>(i); };
  for (Index n = 0; n < count; ++n)
    for (Index oy = 0; oy < s.out_height; ++oy)
      for (Index ox = 0; ox < s.out_width; ++ox)
        for (Index f = 0; f < s.filters; ++f) {
          const std::size_t out = at(((n * s.out_height + oy) * s.out_width + ox) * s.filters + f);
          double sum = static_cast<double>(w[at(s.bias + f)]);
          for (Index c = 0; c < s.channels; ++c)
            for (Index ky = 0; ky < s.kernel; ++ky)
              for (Index kx = 0; kx < s.kernel; ++kx) {
                const Index iy = oy * s.stride - s.padding + ky, ix = ox * s.stride - s.padding + kx;
                if (iy < 0 || iy >= s.height || ix < 0 || ix >= s.width) continue;
                const std::size_t in = at(((n * s.height + iy) * s.width + ix) * s.channels + c);
                const std::size_t tap = at(((f * s.channels + c) * s.kernel + ky) * s.kernel + kx);
                sum += static_cast<double>(x[in]) * static_cast<double>(w[tap]);
                sums.dx[in] += static_cast<double>(dy[out]) * static_cast<double>(w[tap]);
                sums.dw[tap] += static_cast<double>(dy[out]) * static_cast<double>(x[in]);
              }
          sums.y[out] = relu ? std::max(sum, 0.0) : sum;
        }
  return sums;
}

/// The norm of the difference over the norm of what was expected.
template <class T>
double error(const std::vector<T>& got, const std::vector<double>& expected) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    difference += std::pow(static_cast<double>(got[i]) - expected[i], 2);
    norm += expected[i] * expected[i];
  }
  return std::sqrt(difference / norm);
}

/// `scratch`: left by other shapes.
template <class T>
void check(const Kernels<T>& kernels, const Size& size, bool winograd, Scratch<T>& scratch) {
  const ConvShape shape = shape_of(size);
  const auto convolution = winograd ? make_winograd<T>(shape) : make_direct<T>(shape);
  REQUIRE(convolution);
  Random random(7, Purpose::data);
  const auto x = values<T>(random, size.count * shape.in_size()), dy = values<T>(random, size.count * shape.out_size()),
             w = values<T>(random, shape.weights() + size.filters);
  const double tolerance = std::is_same_v<T, float> ? (winograd ? 4e-6 : 1e-6) : 1e-14;
  for (const bool relu : {false, true}) {  // the second time in rooms that the first has used
    const T unset = std::numeric_limits<T>::quiet_NaN();
    std::vector<T> y(dy.size(), unset), dx(x.size(), unset), dw(static_cast<std::size_t>(shape.weights()), unset);
    const Pass<T> pass{.kernels = kernels, .scratch = &scratch, .count = size.count, .w = w.data(), .gradient = dw.data()};
    convolution->forward(pass, x.data(), relu, y.data());
    convolution->weight_gradient(pass, dy.data());
    convolution->input_gradient(pass, dy.data(), dx.data());
    const Passes expected = in_loops(shape, size.count, x, w, dy, relu);
    INFO(kernels.instruction_set << (winograd ? ", Winograd " : ", direct ") << size.channels << " x " << size.height << " x "
                                 << size.width << " to " << size.filters << ", kernel " << size.kernel << ", stride "
                                 << size.stride << ", padding " << size.padding);
    CHECK(error(y, expected.y) < tolerance);
    CHECK(error(dx, expected.dx) < tolerance);
    CHECK(error(dw, expected.dw) < tolerance);
  }
}

template <class T>
void check_all(const std::vector<Size>& sizes, bool winograd) {
  for (const char* name : {"generic", "avx2", "avx512"}) {
    const auto* kernels = kernels_for<T>(name);
    if (!kernels) continue;
    Scratch<T> scratch;
    for (const Size& size : sizes) check<T>(*kernels, size, winograd, scratch);
  }
}

}  // namespace

TEST_CASE("Winograd's convolutions are convolutions", "[compiled]") {
  const std::vector<Size> sizes{
      {16, 8, 8, 16, 3, 1, 1, 2},     // F(4 x 4, 3 x 3), whole squares
      {19, 7, 9, 21, 3, 1, 1, 3},     // squares over the edges; no whole vector
      {16, 6, 6, 16, 3, 1, 1, 2},     // F(2 x 2, 3 x 3)
      {16, 5, 5, 18, 3, 1, 1, 2},     // the same, over the edges
      {17, 10, 9, 40, 3, 1, 0, 2},    // no padding
      {16, 11, 13, 18, 3, 1, 2, 1},   // wider than the input
      {24, 9, 10, 33, 5, 1, 2, 2},    // F(2 x 2, 5 x 5)
      {16, 12, 12, 16, 5, 1, 0, 2},
      {150, 8, 8, 140, 3, 1, 1, 1},   // two blocks of channels, a rest of columns
      {20, 32, 32, 36, 3, 1, 1, 5},   // many squares: in parts, the last one smaller
      {130, 16, 16, 17, 3, 1, 1, 13},  // the same with two blocks
      {34, 20, 21, 20, 5, 1, 2, 3},
      {16, 8, 8, 16, 3, 1, 1, 1}};
  check_all<float>(sizes, true);
  check_all<double>(sizes, true);
}

TEST_CASE("direct convolutions are convolutions", "[compiled]") {
  const std::vector<Size> sizes{
      {1, 9, 8, 6, 5, 1, 0, 2},      {3, 8, 8, 20, 3, 1, 1, 3},   {5, 9, 11, 7, 3, 2, 1, 2},
      {16, 8, 8, 24, 1, 2, 0, 2},    // most pixels meet no tap
      {4, 7, 11, 5, 2, 2, 0, 2},     // the last row and column meet no patch
      {4, 8, 7, 9, 2, 3, 1, 2},      {3, 12, 11, 4, 5, 3, 2, 2},  {2, 13, 13, 3, 7, 2, 3, 1},
      {520, 5, 5, 18, 3, 2, 1, 2}};  // long patches: all images at once
  check_all<float>(sizes, false);
  check_all<double>(sizes, false);
}

TEST_CASE("which convolutions are left to the sum itself", "[compiled]") {
  const auto winograd = [](const Size& size) { return make_winograd<float>(shape_of(size)) != nullptr; };
  CHECK(winograd({64, 32, 32, 64, 3, 1, 1, 1}));
  CHECK(winograd({512, 4, 4, 512, 3, 1, 1, 1}));
  CHECK(winograd({32, 14, 14, 64, 5, 1, 2, 1}));
  CHECK_FALSE(winograd({64, 32, 32, 128, 3, 2, 1, 1}));  // a stride
  CHECK_FALSE(winograd({3, 32, 32, 64, 3, 1, 1, 1}));    // few channels
  CHECK_FALSE(winograd({64, 32, 32, 64, 1, 1, 0, 1}));   // no kernel to speak of
  CHECK_FALSE(winograd({64, 1, 1, 64, 3, 1, 1, 1}));     // one pixel: 2 x 16 products against 2 x 9
}
