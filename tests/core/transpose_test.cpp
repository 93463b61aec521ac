#include "core/transpose.h"

#include <numeric>
#include <vector>

#include "catch.hpp"

using namespace fedsim;

namespace {

template <class T>
void check(std::int64_t rows, std::int64_t columns) {
  const std::int64_t x_row = columns + 3, y_row = rows + 2;
  std::vector<T> x(static_cast<std::size_t>(rows * x_row)), y(static_cast<std::size_t>(columns * y_row), T(-1));
  std::iota(x.begin(), x.end(), T(0));
  transpose(x.data(), rows, columns, x_row, y.data(), y_row);
  bool right = true;
  for (std::int64_t j = 0; j < columns; ++j)
    for (std::int64_t i = 0; i < y_row; ++i)  // what lies between its rows stays
      right &= y[static_cast<std::size_t>(j * y_row + i)] == (i < rows ? static_cast<T>(i * x_row + j) : T(-1));
  CAPTURE(sizeof(T), rows, columns);
  CHECK(right);
}

}  // namespace

TEST_CASE("a transposed matrix has rows for columns", "[core]") {
  for (const std::int64_t rows : {1, 7, 8, 16, 21, 40})
    for (const std::int64_t columns : {1, 4, 8, 19, 33}) {
      check<float>(rows, columns);
      check<double>(rows, columns);
      check<std::int64_t>(rows, columns);
    }
}
