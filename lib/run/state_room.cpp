#include "run/state_room.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/memory.h"
#include "core/text.h"
#include "record/client_states.h"
#include "run/traffic.h"

namespace fedsim {

StateRoom state_room(const Experiment& experiment, std::int64_t population, std::int64_t cohort, std::int64_t parameters) {
  StateRoom room;
  room.memory = experiment.output.state_memory.given() ? experiment.output.state_memory.count : usable_memory() / 4;
  room.each = traffic_of(experiment, parameters).kept;
  if (room.each == 0) return room;
  const std::int64_t rounds = experiment.run.rounds, most = StateStore::most_versions * population;
  const std::int64_t visits = cohort > 0 && rounds > most / cohort ? most : rounds * cohort;
  room.visited = std::min(population, visits);
  if (room.bytes() > std::min(room.memory, ClientStates::most_in_checkpoint))
    room.disk = visits * StateStore::stored_bytes(room.each);  // each leaves a version, up to the most of all clients
  return room;
}

std::string lacking_room(const StateRoom& room, const std::filesystem::path& folder, std::int64_t present) {
  if (room.disk == 0) return {};
  std::error_code problem;
  const auto space = std::filesystem::space(folder, problem);
  if (problem) return {};  // whoever writes there says so
  const std::int64_t needed = std::max<std::int64_t>(0, room.disk - present);
  if (static_cast<std::uintmax_t>(needed) <= space.available) return {};
  return fmt::format("the states of {} clients of {} bytes each take up to {} bytes on disk ({}), and {} has {} bytes free ({})",
                     with_commas(room.visited), with_commas(room.each), with_commas(room.disk),
                     human_bytes(static_cast<double>(room.disk)), folder.string(),
                     with_commas(static_cast<std::int64_t>(space.available)),
                     human_bytes(static_cast<double>(space.available)));
}

}  // namespace fedsim
