// tanh and the LSTM's cell of every instruction set against the C library, over the whole range and with tails.
#include <cmath>
#include <limits>
#include <vector>

#include "catch.hpp"
#include "core/random.h"
#include "train/compiled/kernels.h"

using namespace fedsim;
using namespace fedsim::compiled;

namespace {

template <class T>
constexpr double rounding = static_cast<double>(std::numeric_limits<T>::epsilon());

/// Calls check with each table that this processor can run, in both formats.
template <class Check>
void for_each_table(Check check) {
  for (const char* name : {"generic", "avx2", "avx512"}) {
    CAPTURE(name);
    if (const auto* kernels = kernels_for<float>(name)) check(*kernels);
    if (const auto* kernels = kernels_for<double>(name)) check(*kernels);
  }
}

/// Magnitudes from 1e-6 to 1e3 of both signs.
template <class T>
std::vector<T> wide_values(Random& random, std::size_t n) {
  std::vector<T> v(n);
  for (T& x : v)
    x = static_cast<T>((random.uniform(0, 1) < 0.5 ? -1 : 1) * std::pow(10.0, random.uniform(-6, 3)));
  return v;
}

template <class T>
void check_near(T value, double expected, double slack) {
  CAPTURE(value, expected);
  CHECK(std::abs(static_cast<double>(value) - expected) <= slack);
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

template <class T>
struct Cell {
  std::vector<T> gates, past, c, tanh_c, h, dy, d_h, d_c, d_gates;
};

template <class T>
Cell<T> random_cell(Random& random, std::size_t hidden) {
  const auto some = [&](std::size_t n) {
    std::vector<T> v(n);
    for (T& x : v) x = static_cast<T>(random.uniform(-3, 3));
    return v;
  };
  const std::vector<T> empty(hidden);
  return {some(4 * hidden), some(hidden), empty, empty, empty, some(hidden), some(hidden), some(hidden),
          std::vector<T>(4 * hidden)};
}

/// The loss of the cell whose gradients by h and by c are dh and dc.
double loss(const double* gates, double past, double dh, double dc) {
  const double c = sigmoid(gates[1]) * past + sigmoid(gates[0]) * std::tanh(gates[2]);
  return dh * sigmoid(gates[3]) * std::tanh(c) + dc * c;
}

}  // namespace

TEST_CASE("tanh is within four roundings of the C library's everywhere", "[compiled]") {
  for_each_table([]<class T>(const Kernels<T>& kernels) {
    Random random(5, Purpose::data);
    for (std::size_t n : {1u, 3u, 16u, 37u, 1000u}) {
      const auto x = wide_values<T>(random, n);
      std::vector<T> y(n + 1, T(7));
      kernels.tanh(x.data(), y.data(), static_cast<Index>(n));
      for (std::size_t i = 0; i < n; ++i) {
        const double expected = std::tanh(static_cast<double>(x[i]));
        CAPTURE(x[i]);
        CHECK(std::abs(static_cast<double>(y[i]) - expected) <= 4 * rounding<T> * std::abs(expected));
      }
      CHECK(y[n] == T(7));
    }
  });
}

TEST_CASE("tanh of what is no number", "[compiled]") {
  for_each_table([]<class T>(const Kernels<T>& kernels) {
    constexpr T infinity = std::numeric_limits<T>::infinity();
    const T x[4] = {std::numeric_limits<T>::quiet_NaN(), infinity, -infinity, T(0)};
    T y[4];
    kernels.tanh(x, y, 4);
    CHECK(std::isnan(y[0]));
    CHECK(y[1] == T(1));
    CHECK(y[2] == T(-1));
    CHECK(y[3] == T(0));
  });
}

TEST_CASE("an LSTM's cell, forwards against its formula, backwards against difference quotients", "[compiled]") {
  for_each_table([]<class T>(const Kernels<T>& kernels) {
    Random random(6, Purpose::data);
    for (const std::size_t hidden : {1u, 5u, 16u, 33u})
      for (const bool first : {false, true}) {
        Cell<T> cell = random_cell<T>(random, hidden);
        const Cell<T> before = cell;
        const auto width = static_cast<Index>(hidden);
        const T* past = first ? nullptr : cell.past.data();
        kernels.lstm_cell({.hidden = width,
                           .gates = cell.gates.data(),
                           .past = past,
                           .c = cell.c.data(),
                           .tanh_c = cell.tanh_c.data(),
                           .h = cell.h.data()});
        kernels.lstm_cell_gradient({.hidden = width,
                                    .gates = cell.gates.data(),
                                    .past = past,
                                    .tanh_c = cell.tanh_c.data(),
                                    .dy = cell.dy.data(),
                                    .d_h = cell.d_h.data(),
                                    .d_gates = cell.d_gates.data(),
                                    .d_c = cell.d_c.data()});
        for (std::size_t j = 0; j < hidden; ++j) {
          double gates[4];
          for (std::size_t k = 0; k < 4; ++k) gates[k] = static_cast<double>(before.gates[k * hidden + j]);
          const double was = first ? 0 : static_cast<double>(before.past[j]);
          const double c = sigmoid(gates[1]) * was + sigmoid(gates[0]) * std::tanh(gates[2]);
          check_near(cell.c[j], c, 30 * rounding<T>);
          check_near(cell.h[j], sigmoid(gates[3]) * std::tanh(c), 10 * rounding<T>);
          const double dh = static_cast<double>(before.dy[j]) + static_cast<double>(before.d_h[j]);
          const double dc = static_cast<double>(before.d_c[j]);
          const double slack = 100 * rounding<T> + 1e-8;  // of the gradient and of the quotient below
          for (std::size_t k = 0; k < 4; ++k) {
            constexpr double step = 1e-5;
            const double middle = gates[k];
            gates[k] = middle + step;
            const double above = loss(gates, was, dh, dc);
            gates[k] = middle - step;
            const double below = loss(gates, was, dh, dc);
            gates[k] = middle;
            check_near(cell.d_gates[k * hidden + j], (above - below) / (2 * step), slack);
          }
          const double d_past = (loss(gates, was + 1e-5, dh, dc) - loss(gates, was - 1e-5, dh, dc)) / 2e-5;
          check_near(cell.d_c[j], d_past, slack);
        }
      }
  });
}
