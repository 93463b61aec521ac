// Adding an update as the round loop does.
#pragma once

#include <utility>

#include "aggregate/rule.h"

namespace fedsim::testing {

inline bool add(Accumulator& sum, Update update, std::int64_t weight) {
  const Magnitude delta = update.magnitude();
  return sum.add(std::move(update), delta, weight);
}

}  // namespace fedsim::testing
