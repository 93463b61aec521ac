// The bytes that a client and the server exchange.
#pragma once

#include <cstdint>

#include "algorithm/algorithm.h"

namespace fedsim {

/// What a client sends with an update.
inline std::int64_t bytes_sent(const Update& update) {
  const std::size_t change = update.sealed ? update.sealed->bytes() : update.delta.bytes();
  return static_cast<std::int64_t>(change + update.side.bytes() + 8 * update.scalars.size());
}

/// What the server sends to each client of a round: w and what is broadcast.
inline std::int64_t bytes_received(const Algorithm& algorithm, const State& server) {
  auto bytes = static_cast<std::int64_t>(server.w.bytes());
  for (const auto& name : algorithm.broadcast()) bytes += static_cast<std::int64_t>(server[name].bytes());
  return bytes;
}

}  // namespace fedsim
