// Which tasks threads take, without threads.
#include "run/handout.h"

#include <algorithm>
#include <vector>

#include "catch.hpp"

using namespace fedsim;

namespace {

/// Lengths of all ranges; each begins where the one before ends.
std::vector<std::size_t> lengths(std::size_t tasks, const std::vector<std::size_t>& groups, std::size_t threads) {
  Handout rest(tasks, groups, threads);
  std::vector<std::size_t> all;
  std::size_t done = 0;
  for (TaskRange range = rest.take(); !range.empty(); range = rest.take()) {
    CHECK(range.first == done);
    done = range.end;
    all.push_back(range.end - range.first);
  }
  CHECK(done == tasks);
  CHECK(rest.take().empty());
  return all;
}

}  // namespace

TEST_CASE("threads take groups, and single tasks of the last groups, one for each thread") {
  using Lengths = std::vector<std::size_t>;
  const std::vector<std::size_t> groups{0, 3, 5, 9, 11, 12};  // of 3, 2, 4, 2, 1
  CHECK(lengths(12, groups, 1) == Lengths{3, 2, 4, 2, 1});
  CHECK(lengths(12, groups, 2) == Lengths{3, 2, 4, 1, 1, 1});
  CHECK(lengths(12, groups, 4) == Lengths{3, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  CHECK(lengths(12, groups, 16) == Lengths(12, 1));
  CHECK(lengths(4, {}, 2) == Lengths(4, 1));
  CHECK(lengths(0, {0}, 2).empty());
  CHECK(lengths(0, {}, 2).empty());
}
