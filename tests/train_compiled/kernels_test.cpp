// Every instruction set's products against three nested loops, with odd shapes, strides and tails.
#include "train/compiled/kernels.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "catch.hpp"
#include "matrices.h"

using namespace fedsim;
using namespace fedsim::compiled;
using namespace fedsim::test;

namespace {

template <class T>
void check_products(const Kernels<T>& kernels) {
  Random random(3, Purpose::data);
  for (int trial = 0; trial < 300; ++trial) {
    const Index rows = 1 + static_cast<Index>(random.below(40)),
                columns = 1 + static_cast<Index>(random.below(70));
    const Index outer = trial % 5 == 0 ? 1 + static_cast<Index>(random.below(3)) : 1, inner = static_cast<Index>(random.below(9));
    const bool unit = trial % 2 == 0;  // a_row 1: the transposed left side
    const Index depth = outer * inner;
    const auto a = rounded<T>(values(random, rows * (depth + 1)));
    const auto b = rounded<T>(values(random, (depth + 1) * columns));
    const auto bias = rounded<T>(values(random, columns)),
               w = rounded<T>(values(random, rows * (columns + 3)));
    Product<T> p{.rows = rows,
                 .columns = columns,
                 .outer = outer,
                 .inner = inner,
                 .a = a.data(),
                 .a_row = unit ? 1 : depth,
                 .a_outer = unit ? inner * rows : inner,
                 .a_inner = unit ? rows : 1,
                 .b = b.data(),
                 .b_outer = inner * columns,
                 .b_inner = columns,
                 .c = nullptr,
                 .c_row = columns + 3};
    for (const Write write : {Write::store, Write::add, Write::sgd}) {
      std::vector<T> c = w;
      p.c = c.data();
      p.write = write;
      const bool plain = trial % 3 == 0, change = trial % 4 < 2;  // nothing but the product; minus the origin
      p.bias = plain ? nullptr : bias.data();
      p.relu = !plain;
      p.descent = {.lr = T(0.5),
                   .weight_decay = plain ? T(0) : T(0.25),
                   .prox = plain ? T(0) : T(0.125),
                   .w = w.data(),
                   .anchor = w.data() + 1,
                   .linear = plain ? nullptr : w.data() + 2,
                   .origin = change ? w.data() + 3 : nullptr};
      kernels.product(p);
      for (Index r = 0; r < rows; ++r)
        for (Index j = 0; j < columns + 3; ++j) {
          const auto at = static_cast<std::size_t>(r * (columns + 3) + j);
          double expected = static_cast<double>(w[at]);  // three values after each row stay as they are
          if (j < columns) {
            double sum = 0;
            for (Index i = 0; i < depth; ++i)
              sum += static_cast<double>(a[static_cast<std::size_t>(unit ? i * rows + r : r * depth + i)]) *
                     static_cast<double>(b[static_cast<std::size_t>(i * columns + j)]);
            if (write != Write::sgd) {
              expected = (write == Write::add ? expected : 0) + sum;
              if (!plain) expected = std::max(0.0, expected + static_cast<double>(bias[static_cast<std::size_t>(j)]));
            } else {
              const double penalties = 0.25 * expected + 0.125 * (expected - static_cast<double>(w[at + 1])) +
                                       static_cast<double>(w[at + 2]);
              expected += sum - (plain ? 0 : 0.5 * penalties) - (change ? static_cast<double>(w[at + 3]) : 0);
            }
          }
          if (std::abs(static_cast<double>(c[at]) - expected) > tolerance<T>(depth))
            FAIL(kernels.instruction_set << " write " << static_cast<int>(write) << " [" << r << ", " << j
                                         << "] of [" << rows << ", " << columns << "]: " << c[at]
                                         << ", expected " << expected);
        }
    }
  }
  SUCCEED();
}

template <class T>
void check_dot_products(const Kernels<T>& kernels) {
  Random random(4, Purpose::data);
  for (int trial = 0; trial < 300; ++trial) {
    const Index rows = 1 + static_cast<Index>(random.below(20)),
                columns = 1 + static_cast<Index>(random.below(11));
    const Index inner = 1 + static_cast<Index>(random.below(70));
    const auto a = rounded<T>(values(random, rows * (inner + 1))),
               b = rounded<T>(values(random, columns * inner));
    const auto bias = rounded<T>(values(random, columns)), old = rounded<T>(values(random, rows * columns));
    std::vector<T> c = old;
    const bool add = trial % 3 == 0, relu = trial % 3 == 1;
    kernels.dot_product({.rows = rows,
                         .columns = columns,
                         .inner = inner,
                         .a = a.data(),
                         .a_row = inner + 1,
                         .b = b.data(),
                         .b_row = inner,
                         .c = c.data(),
                         .c_row = columns,
                         .add = add,
                         .bias = bias.data(),
                         .relu = relu});
    for (Index r = 0; r < rows; ++r)
      for (Index j = 0; j < columns; ++j) {
        const auto at = static_cast<std::size_t>(r * columns + j);
        double expected =
            static_cast<double>(bias[static_cast<std::size_t>(j)]) + (add ? static_cast<double>(old[at]) : 0);
        for (Index i = 0; i < inner; ++i)
          expected += static_cast<double>(a[static_cast<std::size_t>(r * (inner + 1) + i)]) *
                      static_cast<double>(b[static_cast<std::size_t>(j * inner + i)]);
        if (relu) expected = std::max(expected, 0.0);
        if (std::abs(static_cast<double>(c[at]) - expected) > tolerance<T>(inner))
          FAIL(kernels.instruction_set << " [" << r << ", " << j << "]: " << c[at] << ", expected "
                                       << expected);
      }
  }
  SUCCEED();
}

std::vector<std::uint8_t> some_bytes(Random& random, Index n) {
  std::vector<std::uint8_t> v(static_cast<std::size_t>(n));
  for (auto& byte : v) byte = static_cast<std::uint8_t>(random.below(256));
  return v;
}

/// Products with bytes against those with the same numbers, and inner products against sums of whole numbers.
template <class T>
void check_bytes(const Kernels<T>& kernels) {
  Random random(8, Purpose::data);
  for (int trial = 0; trial < 200; ++trial) {
    const Index rows = 1 + static_cast<Index>(random.below(20)), columns = 1 + static_cast<Index>(random.below(80)),
                inner = 1 + static_cast<Index>(random.below(70));
    CAPTURE(kernels.instruction_set, trial, rows, columns, inner);
    const auto bytes = some_bytes(random, std::max(columns, rows) * inner);
    const std::vector<T> numbers(bytes.begin(), bytes.end());
    const auto left = rounded<T>(values(random, rows * inner)), right = rounded<T>(values(random, columns * inner));
    std::vector<T> expected(static_cast<std::size_t>(rows * columns), T(2)), got = expected;
    const auto equal = [&](double unit) {
      double worst = 0;
      for (std::size_t i = 0; i < got.size(); ++i)
        worst = std::max(worst, std::abs(static_cast<double>(got[i]) - unit * static_cast<double>(expected[i])));
      return worst <= 255 * unit * tolerance<T>(inner);
    };
    const bool sgd = trial % 3 == 0, plain = trial % 2 == 0;
    Product<T> p{.rows = rows, .columns = columns, .inner = inner, .a = left.data(), .a_row = 1, .a_inner = rows,
                 .b = numbers.data(), .b_inner = columns, .c = expected.data(), .c_row = columns,
                 .write = sgd ? Write::sgd : Write::store,
                 .descent = {.lr = 1, .weight_decay = plain ? T(0) : T(0.5), .prox = 0, .w = right.data(),
                             .anchor = nullptr, .linear = nullptr}};
    std::vector<T> w(static_cast<std::size_t>(rows * columns), T(0.25));
    p.descent.w = w.data();
    kernels.product(p);
    p.c = got.data();
    p.b = nullptr;
    const Scattered right_bytes(bytes, inner, columns), left_bytes(bytes, rows, inner);
    p.b_bytes = right_bytes.where();
    kernels.product(p);
    CHECK(equal(1));

    DotProduct<T> dot{.rows = rows, .columns = columns, .inner = inner, .a = numbers.data(), .a_row = inner,
                      .b = right.data(), .b_row = inner, .c = expected.data(), .c_row = columns};
    kernels.dot_product(dot);
    dot.c = got.data();
    dot.a = nullptr;
    dot.a_bytes = left_bytes.where();
    dot.unit = T(0.125);
    kernels.dot_product(dot);
    CHECK(equal(0.125));
    const auto alone = got;
    std::fill(got.begin(), got.end(), T(-1));
    dot.coming = {right_bytes.where(), std::min<Index>(inner, trial)};  // only asked for: any rows, any number of them
    kernels.dot_product(dot);
    CHECK(got == alone);

    std::vector<T> products(static_cast<std::size_t>(rows * rows), T(-1));
    kernels.inner_products_of_bytes(left_bytes.where(), rows, inner, 0.5, products.data());
    bool right_ones = true;
    for (Index r = 0; r < rows; ++r)
      for (Index s = 0; s < rows; ++s) {
        std::int64_t sum = 0;
        for (Index i = 0; i < inner; ++i)
          sum += static_cast<std::int64_t>(bytes[static_cast<std::size_t>(r * inner + i)]) * bytes[static_cast<std::size_t>(s * inner + i)];
        const T product = s <= r ? static_cast<T>(0.5 * static_cast<double>(sum)) : T(-1);
        right_ones = right_ones && products[static_cast<std::size_t>(r * rows + s)] == product;
      }
    CHECK(right_ones);
  }
  const Index many = 70001;  // their sum is beyond 32 bits
  const std::vector<std::uint8_t> white(static_cast<std::size_t>(2 * many), 255);
  T products[4];
  kernels.inner_products_of_bytes(Scattered(white, 2, many).where(), 2, many, 1, products);
  for (const int i : {0, 2, 3}) CHECK(products[i] == static_cast<T>(65025.0 * static_cast<double>(many)));
}

}  // namespace

TEST_CASE("products with bytes are those with the same numbers, and inner products of bytes exact", "[compiled]") {
  for (const char* name : {"generic", "avx2", "avx512 without vnni", "avx512"}) {
    if (const auto* kernels = kernels_for<float>(name)) check_bytes(*kernels);
    if (const auto* kernels = kernels_for<double>(name)) check_bytes(*kernels);
  }
}

TEST_CASE("matrix products of every instruction set of this processor", "[compiled]") {
  for (const char* name : {"generic", "avx2", "avx512"}) {
    if (const auto* kernels = kernels_for<float>(name))
      check_products(*kernels), check_dot_products(*kernels);
    if (const auto* kernels = kernels_for<double>(name))
      check_products(*kernels), check_dot_products(*kernels);
  }
}

TEST_CASE("a NaN goes through ReLU and max pooling to be seen", "[compiled]") {
  for (const char* name : {"generic", "avx2", "avx512"}) {
    const auto* kernels = kernels_for<float>(name);
    if (!kernels) continue;
    std::vector<float> x(40, -1.0f), y(40);
    x[7] = x[33] = std::nanf("");
    x[8] = 2.0f;
    kernels->relu(x.data(), y.data(), 40);
    CHECK(std::isnan(y[7]));
    CHECK(std::isnan(y[33]));
    CHECK(y[8] == 2.0f);
    CHECK(y[9] == 0.0f);
    std::vector<float> where(10);
    const Pooling pooling{.channels = 1,
                          .height = 4,
                          .width = 10,
                          .out_height = 2,
                          .out_width = 5,
                          .kernel = 2,
                          .stride = 2,
                          .padding = 0};
    kernels->maxpool(pooling, x.data(), y.data(), where.data());
    CHECK(std::isnan(y[3]));  // columns 6 and 7 of rows 0 and 1
    CHECK(where[3] == 1);
    CHECK(y[4] == 2.0f);  // columns 8 and 9
    CHECK(y[0] == -1.0f);
    CHECK(where[0] == 0);  // the first of equals
  }
}
