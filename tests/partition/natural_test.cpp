#include "partition/labelled.h"

using namespace fedsim;
using test::make;
using test::sizes_of;
using Sizes = std::vector<std::int64_t>;

namespace {
Dataset three_users() {
  Dataset data = test::labelled(12, 2);
  data.user_offsets = {0, 5, 7, 12};
  return data;
}
}  // namespace

TEST_CASE("natural: a client is a user; all of them where partition.clients is left out", "[partition]") {
  const Dataset data = three_users();
  const auto scheme = make<PartitionScheme>("natural");
  const Partition all = scheme->split({&data, {}, 0, 1});
  CHECK(sizes_of(all) == Sizes{5, 2, 5});
  CHECK(all.indices.empty());  // ranges: nothing but the offsets in memory
  CHECK(all.rows(1)[0] == 5);
  CHECK(sizes_of(scheme->split({&data, {}, 2, 1})) == Sizes{5, 2});
  CHECK(test::refused_option(*scheme, {&data, {}, 4, 1}) == "clients");
}

TEST_CASE("natural within a subset of the rows", "[partition]") {
  const Dataset data = three_users();
  const Partition split = make<PartitionScheme>("natural")->split({&data, {1, 4, 7, 8, 11}, 0, 1});
  CHECK(sizes_of(split) == Sizes{2, 0, 3});
  CHECK(test::used_rows(split) == Sizes{1, 4, 7, 8, 11});
}

TEST_CASE("natural needs users; quadratics are their own", "[partition]") {
  const Dataset labelled = test::labelled(10, 2);
  const auto scheme = make<PartitionScheme>("natural");
  CHECK(test::refused_option(*scheme, {&labelled, {}, 0, 1}) == "scheme");
  Dataset theory;
  auto quadratic = std::make_shared<Quadratics>();
  quadratic->clients = 3;
  quadratic->samples = {1, 4, 2};
  theory.quadratic = quadratic;
  CHECK(sizes_of(scheme->split({&theory, {}, 0, 1})) == Sizes{1, 4, 2});
}

TEST_CASE("a million users cost their offsets", "[partition]") {
  Dataset data;
  data.generated_on_draw = true;
  for (std::int64_t u = 0; u <= 1'000'000; ++u) data.user_offsets.push_back(3 * u);
  const Partition split = make<PartitionScheme>("natural")->split({&data, {}, 1'000'000, 1});
  CHECK(split.clients() == 1'000'000);
  CHECK(split.indices.capacity() == 0);
  CHECK(split.offsets.capacity() <= 1'000'001);
}
