// Exact sums of sealed changes.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "aggregate/exact_sum.h"
#include "catch.hpp"
#include "core/sealed_change.h"
#include "core/vec.h"

namespace fedsim::test {

/// Changes 0 .. count - 1, change(k) a unique_ptr, of weights 1 .. count: added by eights that come in any order and from any
/// sums they give the same bits, which are those of the changes' values but for the rounding.
template <class Change>
void check_joined_sums(std::size_t size, int count, const Change& change) {
  std::vector<std::unique_ptr<const SealedChange>> changes;
  for (int k = 0; k < count; ++k) changes.push_back(change(k));
  const double divisor = count * (count + 1) / 2.0;
  const Dtype dtype = changes.front()->dtype();
  const auto by_eights = [&](bool backwards, bool apart) {
    ExactSum one(size, count), other(size, count), total(size, count);
    const int groups = (count + 7) / 8;
    for (int i = 0; i < groups; ++i) {
      const int g = backwards ? groups - 1 - i : i;
      std::vector<WeightedChange> group;
      for (int k = 8 * g; k < std::min(count, 8 * g + 8); ++k) group.push_back({changes[static_cast<std::size_t>(k)].get(), k + 1});
      (apart && i % 3 == 0 ? other : one).add(group);
    }
    total.merge(one);
    total.merge(other);
    return total.quotient(divisor, dtype);
  };
  ExactSum of_values(size, count);
  double norms = 0;
  for (int k = 0; k < count; ++k) {
    const Vec values = values_of(*changes[static_cast<std::size_t>(k)]);
    REQUIRE(of_values.add(Vec(values), max_abs(values), k + 1));
    norms += (k + 1) * norm(values) / divisor;
  }
  const Vec expected = of_values.quotient(divisor, dtype), sum = by_eights(false, false);
  // Fixed point keeps 47 bits or more of the largest value, a product those of its values.
  const double rounding = dtype == Dtype::float32 ? 0x1p-23 : 0x1p-47;
  CAPTURE(norm(sum - expected) / (rounding * norms));
  CHECK(norm(expected) > 0);
  CHECK(norm(sum - expected) < 4 * rounding * norms);
  CHECK(by_eights(true, false) == sum);
  CHECK(by_eights(false, true) == sum);
  CHECK(by_eights(true, true) == sum);
}

}  // namespace fedsim::test
