#include "partition/labelled.h"

using namespace fedsim;
using test::label_counts;
using test::labelled;
using test::make;

TEST_CASE("shards: McMahan's split, at most two labels a client", "[partition]") {
  // 6000 rows, 10 labels of 600; 100 clients x 2 shards of 30. 600 is a multiple of 30: every shard has one
  // label.
  const Dataset data = labelled(6000, 10);
  const Partition split = make<PartitionScheme>("shards")->split({&data, {}, 100, 1});
  std::int64_t two = 0;
  for (std::int64_t k = 0; k < 100; ++k) {
    CHECK(split.size(k) == 60);
    std::int64_t labels = 0;
    for (const std::int64_t count : label_counts(split, data, k)) {
      CHECK((count == 0 || count == 30 || count == 60));
      labels += count > 0;
    }
    CHECK(labels <= 2);
    two += labels == 2;
  }
  CHECK(two > 70);  // a client's second shard has its first one's label with probability 19/199: 90 expected
}

TEST_CASE("shards: the remainder goes one by one to the first shards", "[partition]") {
  // 103 rows in 10 shards: three of 11 and seven of 10, two a client.
  const Dataset data = labelled(103, 1);
  const Partition split = make<PartitionScheme>("shards")->split({&data, {}, 5, 1});
  std::int64_t sum = 0;
  for (const std::int64_t size : test::sizes_of(split)) {
    CHECK((size >= 20 && size <= 22));
    sum += size;
  }
  CHECK(sum == 103);
}

TEST_CASE("shards: more shards than samples are refused", "[partition]") {
  const Dataset data = labelled(100, 10);
  const auto scheme = make<PartitionScheme>("shards", {{"shards_per_client", std::int64_t{3}}});
  CHECK(test::refused_option(*scheme, {&data, {}, 33, 1}) == "");
  CHECK(test::refused_option(*scheme, {&data, {}, 34, 1}) == "shards_per_client");
}
