// Server optimisers: what the server does with the mean update, seen as a pseudo-gradient -Delta.
#pragma once

#include "algorithm/algorithm.h"
#include "core/registry.h"

namespace fedsim {

/// Chosen by server.optimizer. State is kept in named vectors of State ("server.m", "server.v").
class ServerOptimizer {
 public:
  virtual ~ServerOptimizer() = default;
  /// One step: changes state.w (and its own vectors) by the mean update `delta` [d].
  virtual void step(State& state, const Vec& delta) const = 0;
};

}  // namespace fedsim
