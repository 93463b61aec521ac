#include "partition/statistics.h"

#include "partition/labelled.h"

using namespace fedsim;

TEST_CASE("sizes in five numbers", "[partition]") {
  const SizeSummary s = summarize({4, 0, 10, 2});
  CHECK(s.smallest == 0);
  CHECK(s.largest == 10);
  CHECK(s.total == 16);
  CHECK(s.empty == 1);
  CHECK(s.median == 3);  // (2 + 4) / 2
  CHECK(s.mean == 4);
  CHECK(summarize({5}).median == 5);
}

TEST_CASE("label skew: 0 where all are alike, 1 - 1/C for one label each", "[partition]") {
  CHECK(label_skew({2, 4, 1, 2}, 2) == Approx(0).margin(1e-15));
  CHECK(label_skew({5, 0, 0, 5}, 2) == Approx(0.5));
  CHECK(label_skew({3, 0, 0, 0, 3, 0, 0, 0, 3}, 3) == Approx(2.0 / 3));
  // Sizes 4 and 2, overall (1/2, 1/2): client 0 (3/4, 1/4) is 1/4 away, client 1 (0, 1) 1/2: (4/4 + 2/2) / 6.
  CHECK(label_skew({3, 1, 0, 2}, 2) == Approx(1.0 / 3));
  CHECK(label_skew({0, 0}, 2) == 0);
}

TEST_CASE("label counts", "[partition]") {
  const Dataset data = test::labelled(6, 3);  // labels 0 1 2 0 1 2
  Partition split;
  split.offsets = {0, 2, 2, 5};
  split.indices = {0, 3, 1, 2, 5};
  CHECK(label_counts(split, data) == std::vector<std::int64_t>{2, 0, 0, 0, 0, 0, 0, 1, 2});
  CHECK(client_sizes(split) == std::vector<std::int64_t>{2, 0, 3});
}
