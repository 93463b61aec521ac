// Values that come by columns, put in their places.
#include "core/block_vector.h"

#include <algorithm>
#include <vector>

#include "catch.hpp"

using namespace fedsim;

TEST_CASE("matrices that come by columns are put in place, by however many threads", "[core]") {
  // [7, | [1 2 3; 4 5 6] | 8, | [9 10; 11 12]]
  const std::vector<MatrixAt> by_columns{{.first = 1, .rows = 2, .columns = 3}, {.first = 8, .rows = 2, .columns = 2}};
  const std::vector<float> from{7, 1, 4, 2, 5, 3, 6, 8, 9, 11, 10, 12}, placed{7, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12};
  for (std::size_t cut = 0; cut <= 6; ++cut) {  // columns that a cut would divide belong to one of its sides
    std::vector<float> to(from.size());
    put_in_place(from.size(), by_columns, from.data(), to.data(), [&](std::size_t size, const RangeWork& work) {
      work(std::min(cut, size), size);
      work(0, std::min(cut, size));
    });
    CHECK(to == placed);
  }
}
