// Which clients take part in a round. One file a scheme.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/random.h"
#include "core/registry.h"

namespace fedsim {

struct SamplingInput {
  std::int64_t round = 0;       // from 1
  std::int64_t population = 0;  // N
  std::int64_t cohort = 0;      // m, clients_per_round
  std::span<const std::int64_t> offsets;  // [N+1], sample counts by difference
};

/// Chosen by sampling.scheme. A pure function of (round, population, stream).
class Sampler {
 public:
  virtual ~Sampler() = default;
  /// Client numbers, ascending (repeated ones with replacement). May be empty (poisson).
  virtual std::vector<std::int64_t> sample(const SamplingInput& input, Random random) const = 0;
  /// True where the draw already weighs by samples, so that the mean must be plain.
  virtual bool plain_mean() const { return false; }
};

}  // namespace fedsim
