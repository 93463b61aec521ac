// How much room the states of clients take, known before training.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "experiment/experiment.h"

namespace fedsim {

struct StateRoom {
  std::int64_t visited = 0;  // clients at most: min(population, rounds x cohort)
  std::int64_t each = 0;     // bytes that one keeps
  std::int64_t memory = 0;   // bytes: [output] state_memory, or its default
  std::int64_t disk = 0;     // bytes of the store at most, old versions included; 0: they fit into memory and checkpoints
  std::int64_t bytes() const { return visited * each; }
};
StateRoom state_room(const Experiment& experiment, std::int64_t population, std::int64_t cohort, std::int64_t parameters);

/// What is to be said where the disk of `folder` has less room than that, `present` bytes of the store being there
/// already; "" where it has enough.
std::string lacking_room(const StateRoom& room, const std::filesystem::path& folder, std::int64_t present);

}  // namespace fedsim
