// Batches of stored bytes, and what is asked for ahead of them.
#include "train/client_bytes.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "catch.hpp"
#include "data/samples.h"

using namespace fedsim;

namespace {

constexpr std::int64_t rows = 50, sample = 3, targets = 2;
constexpr std::size_t cache = 1 << 20;

/// Row r: bytes r, r + 1, r + 2, with the targets 2 r and -r.
MemorySamples numbered() {
  std::vector<std::uint8_t> x;
  std::vector<std::int32_t> y;
  for (int r = 0; r < rows; ++r) {
    for (int i = 0; i < sample; ++i) x.push_back(static_cast<std::uint8_t>(r + i));
    y.insert(y.end(), {2 * r, -r});
  }
  return MemorySamples(x, y, sample, targets, Scale{{0}, {255}});
}

using Numbers = std::vector<std::int64_t>;

template <class Pointers>
Numbers rows_at(const Pointers& pointers, std::int64_t count) {
  Numbers list;
  for (std::int64_t i = 0; i < count; ++i) list.push_back(pointers[i][0]);
  return list;
}

/// Where each batch came from, where the samples ahead of it are, and what the plan says of the batch.
struct Seen {
  std::vector<Numbers> batches, coming, planned;
};

/// Of batches of 4, before the first.
BatchPlan plan_of(const ClientData& client, std::int64_t epochs = 1, std::optional<std::int64_t> steps = std::nullopt) {
  Round round;
  round.seed = 9;
  round.local.batch_size = 4;
  round.local.epochs = epochs;
  round.local.steps = steps;
  const Vec start(1, Dtype::float32);
  BatchPlan plan;
  plan.begin(client, round, LocalJob{.start = start}, false);
  return plan;
}

Seen run(ClientBytes& bytes, const ClientData& client, BatchPlan plan, std::size_t model = 8) {
  bytes.begin(client, plan, model);
  Seen seen;
  for (std::int64_t step = 0; step < plan.steps(); ++step) {
    const std::int64_t count = plan.advance();
    const Batch batch = bytes.batch(plan, count);
    REQUIRE(batch.count == count);
    seen.batches.push_back(rows_at(batch.bytes, count));
    seen.coming.push_back(rows_at(batch.coming, static_cast<std::int64_t>(batch.coming.size())));
    Numbers planned;
    for (std::int64_t i = 0; i < count; ++i) {
      planned.push_back(plan.row(i));
      CHECK(batch.y[2 * i] == 2 * plan.row(i));
      CHECK(batch.y[2 * i + 1] == -plan.row(i));
    }
    seen.planned.push_back(planned);
  }
  return seen;
}

Numbers joined(const std::vector<Numbers>& parts) {
  Numbers all;
  for (const Numbers& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Numbers range(std::int64_t first, std::int64_t count) {
  Numbers list(static_cast<std::size_t>(count));
  std::iota(list.begin(), list.end(), first);
  return list;
}

}  // namespace

TEST_CASE("client bytes: the plan's batches, each with the next one of its epoch ahead") {
  const MemorySamples samples = numbered();
  ClientBytes bytes(samples, sample, targets, cache);
  const ClientData client{.client = 1, .rows = Rows(20, 10)};
  const Seen seen = run(bytes, client, plan_of(client, 2));
  CHECK(seen.batches == seen.planned);
  REQUIRE(seen.batches.size() == 6);
  for (const std::size_t last : {2, 5}) {
    CHECK(seen.coming[last].empty());
    CHECK(seen.coming[last - 1] == seen.batches[last]);
    CHECK(seen.coming[last - 2] == seen.batches[last - 1]);
  }
}

TEST_CASE("client bytes: a part of the next client at each step, and nothing of a client that was asked for") {
  const MemorySamples samples = numbered();
  ClientBytes bytes(samples, sample, targets, cache);
  const std::vector<std::uint32_t> list{40, 33, 47, 30, 31, 42, 49};
  const ClientData first{.client = 1, .rows = Rows(20, 10), .next = 7, .next_rows = Rows(list)};
  const Seen before = run(bytes, first, plan_of(first));
  CHECK(before.batches == before.planned);
  Numbers of_next;
  for (std::size_t step = 0; step < 3; ++step) {
    const Numbers own = step < 2 ? before.batches[step + 1] : Numbers{};
    REQUIRE(before.coming[step].size() >= own.size());
    CHECK(std::equal(own.begin(), own.end(), before.coming[step].begin()));
    const auto part = static_cast<std::int64_t>(before.coming[step].size() - own.size());
    CHECK((part == 2 || part == 3));  // of 7 in 3 steps
    of_next.insert(of_next.end(), before.coming[step].end() - part, before.coming[step].end());
  }
  CHECK(of_next == Numbers(list.begin(), list.end()));

  const ClientData second{.client = 7, .rows = Rows(list), .next = 2, .next_rows = Rows(0, 5)};
  const Seen after = run(bytes, second, plan_of(second));
  CHECK(after.batches == after.planned);
  CHECK(joined(after.coming) == range(0, 5));
  const ClientData unexpected{.client = 3, .rows = Rows(0, 8)};
  const Seen other = run(bytes, unexpected, plan_of(unexpected));
  CHECK(other.batches == other.planned);
  CHECK(other.coming == std::vector<Numbers>{other.batches[1], {}});
}

TEST_CASE("client bytes: of runs that leave out samples, only the client's own are asked for") {
  const MemorySamples samples = numbered();
  ClientBytes bytes(samples, sample, targets, cache);
  const ClientData client{.client = 1, .rows = Rows(20, 10), .next = 2, .next_rows = Rows(0, 5)};
  const Seen seen = run(bytes, client, plan_of(client, 1, 2));
  CHECK(seen.batches == seen.planned);
  CHECK(seen.coming == std::vector<Numbers>{seen.batches[1], {}});
}

TEST_CASE("client bytes: beside a model that fills the cache, only the client's own next batch is asked for") {
  const MemorySamples samples = numbered();
  ClientBytes bytes(samples, sample, targets, cache);
  const ClientData client{.client = 1, .rows = Rows(20, 8), .next = 2, .next_rows = Rows(0, 5)};
  const Seen seen = run(bytes, client, plan_of(client), std::size_t{1} << 40);
  CHECK(seen.coming == std::vector<Numbers>{seen.batches[1], {}});
}

TEST_CASE("client bytes: all samples in the order of the first epoch") {
  const MemorySamples samples = numbered();
  ClientBytes bytes(samples, sample, targets, cache);
  const ClientData client{.client = 1, .rows = Rows(20, 10)};
  const BatchPlan plan = plan_of(client);
  const Numbers epoch = joined(run(bytes, client, plan).planned);
  bytes.begin(client, plan, 8);
  const Batch all = bytes.all(plan);
  REQUIRE(all.count == 10);
  CHECK(rows_at(all.bytes, 10) == epoch);
  for (std::int64_t i = 0; i < 10; ++i) CHECK(all.y[2 * i] == 2 * epoch[static_cast<std::size_t>(i)]);
}
