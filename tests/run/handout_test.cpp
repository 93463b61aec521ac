// Which tasks threads take, without threads.
#include "run/handout.h"

#include <vector>

#include "catch.hpp"

using namespace fedsim;

namespace {

using Sizes = std::vector<std::size_t>;
using Work = std::vector<std::int64_t>;

/// Lengths of all ranges; each begins where the one before ends.
Sizes lengths(const Sizes& groups, const Work& work, std::size_t threads) {
  Handout rest(work.size(), groups, work, threads);
  Sizes all;
  std::size_t done = 0;
  for (TaskRange range = rest.take(); !range.empty(); range = rest.take()) {
    CHECK(range.first == done);
    done = range.end;
    all.push_back(range.end - range.first);
  }
  CHECK(done == work.size());
  CHECK(rest.take().empty());
  return all;
}

/// Of groups of so many tasks each.
Sizes bounds(const Sizes& tasks) {
  Sizes all{0};
  for (const std::size_t count : tasks) all.push_back(all.back() + count);
  return all;
}

}  // namespace

TEST_CASE("threads take groups while each finds as much behind them, then single tasks") {
  const Sizes groups = bounds({3, 3, 3, 3, 3});
  const Work equal(15, 7);
  CHECK(lengths(groups, equal, 1) == Sizes{3, 3, 3, 3, 1, 1, 1});
  CHECK(lengths(groups, equal, 2) == Sizes{3, 3, 3, 1, 1, 1, 1, 1, 1});
  CHECK(lengths(groups, equal, 4) == Sizes{3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  CHECK(lengths(groups, equal, 5) == Sizes(15, 1));
  CHECK(lengths(groups, Work(15, 0), 5) == Sizes{3, 3, 3, 3, 3});
  CHECK(lengths({}, Work(4, 1), 2) == Sizes(4, 1));
  CHECK(lengths({0}, {}, 2).empty());
  CHECK(lengths({}, {}, 2).empty());
}

TEST_CASE("of large tasks before small ones no thread takes a group that the others can't balance") {
  const Sizes groups = bounds({2, 2, 2, 3, 3});
  const Work work{239, 239, 239, 239, 239, 239, 1, 1, 1, 1, 1, 1};
  CHECK(lengths(groups, work, 2) == Sizes{2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
}
