// What a run will cost, from its parts, before any training: traffic, steps, memory.
#pragma once

#include <cstdint>

#include "experiment/experiment.h"
#include "run/prepare.h"

namespace fedsim::app {

/// Of one client in one round.
struct Traffic {
  std::int64_t up = 0, down = 0;  // bytes
  std::int64_t kept = 0;          // bytes that the client keeps between rounds
  std::int64_t server = 0;        // bytes of the server's own vectors, w included
};
/// Found by running the algorithm's client once, with a trainer that answers without training. Exact.
Traffic traffic_of(const Experiment& experiment, std::int64_t parameters);

struct Steps {
  std::int64_t least = 0, median = 0, most = 0;  // local steps of a client with samples
  double mean = 0;                               // over all clients
};
Steps steps_of(const Experiment& experiment, const Prepared& prepared);

struct Memory {
  double data = 0, partition = 0, workers = 0,
         clients = 0;  // bytes; clients: their kept state, once all took part
  double total() const { return data + partition + workers + clients; }
};
/// An estimate: what the models' layers hold for one batch is counted where the layers are known.
Memory memory_of(const Experiment& experiment, const Prepared& prepared, const Traffic& traffic,
                 std::int64_t parameters, std::int64_t threads);

}  // namespace fedsim::app
