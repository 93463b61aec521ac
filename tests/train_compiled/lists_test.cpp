// Lists of what is not 0 in a matrix, and products with them, for every instruction set that has them.
#include "train/compiled/lists.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "catch.hpp"
#include "matrices.h"

using namespace fedsim;
using namespace fedsim::compiled;
using namespace fedsim::test;

namespace {

/// Some values 0; in neighbouring rows and columns often both.
std::vector<double> with_zeros(Random& random, Index rows, Index columns) {
  std::vector<double> v = values(random, rows * columns);
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < columns; ++c)
      if (c % 9 < 3 || random.below(3) == 0) v[static_cast<std::size_t>(r * columns + c)] = 0;
  return v;
}

/// A matrix [rows, inner] as `of` or `of_transposed` gets it, of values or bytes.
template <class From>
struct Sparse {
  bool by_columns;
  Index rows, inner;
  std::vector<From> a;
  double at(Index r, Index i) const {
    return static_cast<double>(a[static_cast<std::size_t>(by_columns ? i * rows + r : r * inner + i)]);
  }
  Listed<float> list(Lists<float>& lists, const Kernels<float>& kernels, Index chunk) const {
    const auto list_of = [&](const auto* matrix) {
      return by_columns ? lists.of_transposed(kernels, matrix, rows, inner, chunk) : lists.of(kernels, matrix, rows, inner, chunk);
    };
    if constexpr (std::is_same_v<From, float>)
      return list_of(a.data());
    else
      return list_of(Scattered(a, by_columns ? inner : rows, by_columns ? rows : inner).where());
  }
};

/// Its lists times b, for a range of rows.
template <class From>
void check_lists_of(const Kernels<float>& kernels, const Sparse<From>& a, Index chunk, double largest, Random& random) {
  const Index columns = 1 + static_cast<Index>(random.below(260)), b_row = padded(kernels, columns), c_row = columns + 3;
  const auto b = rounded<float>(values(random, a.inner * b_row));
  Lists<float> lists;
  const Listed<float> listed = a.list(lists, kernels, chunk);
  const Index first = 2 * static_cast<Index>(random.below(static_cast<std::uint64_t>((a.rows + 1) / 2)));
  const Index some = 1 + static_cast<Index>(random.below(static_cast<std::uint64_t>(a.rows - first)));
  std::vector<float> c(static_cast<std::size_t>(some * c_row), 9.0f);
  kernels.listed_product({.a = listed, .first = first, .rows = some, .columns = columns, .b = b.data(), .b_row = b_row,
                          .c = c.data(), .c_row = c_row});
  bool right = true;
  for (Index r = 0; r < some; ++r)
    for (Index j = 0; j < c_row; ++j) {
      double expected = j < columns ? 0 : 9;
      for (Index i = 0; j < columns && i < a.inner; ++i)
        expected += a.at(first + r, i) * static_cast<double>(b[static_cast<std::size_t>(i * b_row + j)]);
      right = right && std::abs(static_cast<double>(c[static_cast<std::size_t>(r * c_row + j)]) - expected) <
                           largest * tolerance<float>(a.inner);
    }
  CAPTURE(kernels.instruction_set, a.rows, a.inner, columns, chunk, first, some);
  CHECK(right);
}

/// The lists of bytes hold what those of the same numbers do, and give the same product, bit for bit.
void check_same_lists(const Kernels<float>& kernels, const Sparse<std::uint8_t>& bytes, Index chunk) {
  const Sparse<float> numbers{bytes.by_columns, bytes.rows, bytes.inner, {bytes.a.begin(), bytes.a.end()}};
  Lists<float> of_bytes, of_numbers;
  const Listed<float> got = bytes.list(of_bytes, kernels, chunk), expected = numbers.list(of_numbers, kernels, chunk);
  const Index ends = expected.chunks * ((bytes.rows + 1) / 2) * expected.parts, length = expected.ends[ends - 1];
  CHECK(std::equal(got.ends, got.ends + ends, expected.ends));
  bool same = true;
  for (Index k = 0; k < length; ++k) {
    const std::uint32_t entry = got.bytes[k];
    same = same && static_cast<std::int32_t>(entry >> 16) == expected.columns[k] &&
           static_cast<float>(entry & 255) == expected.values[2 * k] &&
           static_cast<float>(entry >> 8 & 255) == expected.values[2 * k + 1];
  }
  CHECK(same);
  const Index b_row = padded(kernels, 50);
  std::vector<float> b(static_cast<std::size_t>(bytes.inner * b_row), 0.75f);
  for (std::size_t i = 0; i < b.size(); ++i) b[i] += static_cast<float>(i % 7);
  const auto product = [&](const Listed<float>& listed) {
    std::vector<float> c(static_cast<std::size_t>(bytes.rows * 50));
    kernels.listed_product({.a = listed, .first = 0, .rows = bytes.rows, .columns = 50, .b = b.data(), .b_row = b_row,
                            .c = c.data(), .c_row = 50});
    return c;
  };
  CHECK(product(got) == product(expected));
}

/// Both kinds of lists of both kinds of matrices.
void check_lists(const Kernels<float>& kernels) {
  Random random(6, Purpose::data);
  for (int trial = 0; trial < 200; ++trial) {
    const bool by_columns = trial % 2 == 0;
    const Index rows = by_columns ? 2 * (1 + static_cast<Index>(random.below(40))) : 1 + static_cast<Index>(random.below(30));
    const Index inner = 1 + static_cast<Index>(random.below(90)), chunk = 1 + static_cast<Index>(random.below(80));
    const Sparse<float> a{by_columns, rows, inner,
                          rounded<float>(by_columns ? with_zeros(random, inner, rows) : with_zeros(random, rows, inner))};
    Sparse<std::uint8_t> bytes{by_columns, rows, inner, {}};
    for (const float value : a.a)
      bytes.a.push_back(value == 0 ? std::uint8_t{0} : static_cast<std::uint8_t>(1 + 254 * std::abs(value)));
    const Index chunk_of_bytes = by_columns ? chunk : std::min<Index>(chunk, 64);
    check_lists_of(kernels, bytes, chunk_of_bytes, 255, random);
    if (!kernels.list_rows) continue;
    check_lists_of(kernels, a, chunk, 1, random);
    check_same_lists(kernels, bytes, chunk_of_bytes);
  }
}

}  // namespace

TEST_CASE("a product with lists of the values that are not 0 is the product with all of them", "[compiled]") {
  bool some = false;
  for (const char* name : {"avx2", "avx512"})
    if (const auto* kernels = kernels_for<float>(name)) some = true, check_lists(*kernels);
  if (!some) WARN("no lists on this processor");
}

TEST_CASE("lists hold what is not 0, NaN too, and nothing else", "[compiled]") {
  const float nan = std::nanf("");
  const std::vector<float> x{0, 1, -0.0f, 2, nan, 0, 0, 3}, y{0, 0, 4, 5, 0, -0.0f, nan, 6};
  const Kernels<float>& kernels = best_kernels<float>();
  if (!kernels.list_rows) {
    WARN("no lists on this processor");
    return;
  }
  std::int32_t ends[3], columns[64];
  float values[128];
  CHECK(kernels.list_rows(x.data(), y.data(), 0, 8, 0, ends, columns, values) == 6);
  CHECK(std::vector<std::int32_t>(ends, ends + 3) == std::vector<std::int32_t>{2, 4, 6});
  CHECK(std::vector<std::int32_t>(columns, columns + 6) == std::vector<std::int32_t>{3, 7, 1, 4, 2, 6});
  CHECK(values[2] == 3);
  CHECK(values[3] == 6);
  CHECK(std::isnan(values[6]));
  CHECK(std::isnan(values[11]));
}
