// The executor of trainers that take many clients at once: all clients of a group run to their next co_await,
// one launch answers them, they go on.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "run/cohort.h"

namespace fedsim {

/// A client that is done. Called on the workers' threads, `slot` as in Workers::for_each.
using Deliver = std::function<void(std::int64_t place, const ClientData& client, ClientState& mine,
                                   Update&& update, std::size_t slot)>;

/// Trains the clients at places `order` of the cohort, at most plan.group of them at a time in that order,
/// and delivers each. Groups depend on the order and the config alone, so bits do not depend on threads.
/// False where a stop was requested before all were done; a group that began is finished.
bool train_in_groups(const CohortPlan& plan, const Round& round, const State& server,
                     std::span<const std::int64_t> cohort, std::span<const std::int64_t> order,
                     const ClientStates& states, Workers& workers, const Deliver& deliver);

}  // namespace fedsim
