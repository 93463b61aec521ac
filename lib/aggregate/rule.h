// How the server combines the updates of a round. A rule that is a sum is streamed; its bits do not depend on order.
#pragma once

#include <memory>
#include <span>

#include "algorithm/algorithm.h"
#include "core/ranges.h"
#include "core/registry.h"

namespace fedsim {

/// One worker's share of a round's aggregate. Not thread-safe; merged at the end, in any order, to the same bits.
class Accumulator {
 public:
  virtual ~Accumulator() = default;
  /// Takes the vectors of an update of weight n (>= 0); `delta` = update.magnitude(), which the record needs too.
  /// False, and the update stays as it is, where a value is not finite. A sealed change stays in the update, to be added
  /// with others, to this accumulator or to one that is merged with it.
  virtual bool add(Update&& update, const Magnitude& delta, std::int64_t weight) = 0;
  /// Sealed changes of updates that were added, which are added to each other.
  virtual void add(std::span<const WeightedChange> changes, const InRanges& in_ranges) = 0;
  /// No more updates come to this one: does what need not wait for the others.
  virtual void settle() {}
  virtual void merge(Accumulator& other) = 0;
  /// The aggregate of all that was added; `reported` 0 and empty vectors where nothing was.
  virtual Aggregate close(const InRanges& in_ranges) = 0;
  Aggregate close() { return close(in_one_range); }
};

/// Chosen by aggregate.rule.
class AggregateRule {
 public:
  virtual ~AggregateRule() = default;
  /// `cohort`: the most updates that may come, over all workers.
  virtual std::unique_ptr<Accumulator> open(std::int64_t cohort) const = 0;
};

}  // namespace fedsim
