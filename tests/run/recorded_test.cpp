// Tasks on many threads, each round recorded by the main thread: what the round loop does, without a trainer.
#include <atomic>
#include <cmath>
#include <mutex>
#include <numeric>

#include "aggregate/add.h"
#include "catch.hpp"
#include "core/registry.h"
#include "record/fixture.hpp"
#include "record/result_reader.h"
#include "run/pool.h"
#include "temporary_folder.hpp"

using namespace fedsim;

namespace {

/// The mean over 40 fake clients of one round: client k sends k e^-round, weight k + 1.
double mean_of_round(Pool& pool, const AggregateRule& rule, std::int64_t round) {
  std::vector<std::unique_ptr<Accumulator>> sums(pool.threads());
  std::atomic<std::int64_t> next{0};
  pool.run(40, [&](std::size_t slot) {
    if (!sums[slot]) sums[slot] = rule.open(40);
    for (std::int64_t k; (k = next.fetch_add(1)) < 40;) {
      Update update;
      update.delta = Vec(3, Dtype::float64);
      update.delta.set(0, static_cast<double>(k) * std::exp(-static_cast<double>(round)));
      testing::add(*sums[slot], std::move(update), k + 1);
    }
  });
  const auto total = rule.open(40);
  for (const auto& sum : sums)
    if (sum) total->merge(*sum);
  return total->close().delta.at(0);
}

std::vector<double> recorded(const std::filesystem::path& path, std::size_t threads) {
  Pool pool(threads);
  Describer defaults;
  const auto rule = Registry<AggregateRule>::find("mean")->make(defaults);
  ResultWriter writer(test::header(path, 20));
  writer.partition(test::partition(), test::dataset());
  for (std::int64_t t = 0; t <= 20; ++t) {
    RoundRow row = test::round_row(t);
    row.update_norm = mean_of_round(pool, *rule, t);
    writer.add(row, test::client_rows(t));
  }
  writer.finish("complete", test::model());
  return ResultReader(path).column("update_norm");
}

}  // namespace

TEST_CASE("rounds summed by many threads are recorded as those of one") {
  const TemporaryFolder folder;
  const auto one = recorded(folder / "one.h5", 1);
  REQUIRE(one.size() == 21);
  CHECK(std::abs(one[0] - 21320.0 / 820.0) < 1e-12);  // sum k (k + 1) / sum (k + 1), k < 40
  CHECK(recorded(folder / "many.h5", 4) == one);
}
