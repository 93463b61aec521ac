// What one client of an algorithm sends, gets and keeps, in bytes.
#pragma once

#include <cstdint>

#include "experiment/experiment.h"

namespace fedsim {

/// Of one client in one round.
struct Traffic {
  std::int64_t up = 0, down = 0;  // bytes
  std::int64_t kept = 0;          // bytes that the client keeps between rounds
  std::int64_t server = 0;        // bytes of the server's own vectors, w included
};
/// Found by running the algorithm's client once, with a trainer that answers without training. Exact.
Traffic traffic_of(const Experiment& experiment, std::int64_t parameters);

}  // namespace fedsim
