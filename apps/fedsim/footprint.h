// What a run will cost, from its parts, before any training: steps, memory.
#pragma once

#include <cstdint>
#include <string>

#include "experiment/experiment.h"
#include "run/prepare.h"
#include "run/state_room.h"
#include "run/traffic.h"

namespace fedsim::app {

struct Steps {
  std::int64_t least = 0, median = 0, most = 0;  // local steps of a client with samples
  double mean = 0;                               // over all clients
};
Steps steps_of(const Experiment& experiment, const Prepared& prepared);

struct Memory {
  double data = 0, partition = 0, workers = 0,  // bytes
      group = 0,    // what trainer "batched" trains at once, and its copy of the data
      clients = 0;  // their kept state, where it is in memory
  double total() const { return data + partition + workers + group + clients; }
};
/// An estimate: what the models' layers hold for one batch is counted where the layers are known.
Memory memory_of(const Experiment& experiment, const Prepared& prepared, const Traffic& traffic,
                 const StateRoom& states, std::int64_t parameters, std::int64_t threads);

/// "about 3 MB over the program's own: data 2 MB, ..."
std::string describe(const Memory& memory, std::int64_t threads);

}  // namespace fedsim::app
