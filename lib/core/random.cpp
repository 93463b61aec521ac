#include "core/random.h"

#include <numbers>

#include "core/clones.h"

namespace fedsim {

namespace {

// Multipliers and Weyl constants of the paper, section 4 and its reference implementation.
constexpr std::uint64_t multipliers[2] = {0xD2511F53u, 0xCD9E8D57u};
constexpr std::uint32_t weyl[2] = {0x9E3779B9u, 0xBB67AE85u};

/// The blocks of `counter` and the counters after it, each in a lane.
template <std::size_t Blocks>
[[gnu::always_inline]] inline void philox(const std::uint32_t* counter, std::uint32_t k0, std::uint32_t k1, std::uint32_t* words) {
  std::uint32_t c0[Blocks], c1[Blocks], c2[Blocks], c3[Blocks];
  for (std::size_t i = 0; i < Blocks; ++i) {
    const std::uint64_t first = counter[0] + std::uint64_t{i};
    c0[i] = static_cast<std::uint32_t>(first);
    c1[i] = counter[1] + static_cast<std::uint32_t>(first >> 32);
    c2[i] = counter[2];
    c3[i] = counter[3];
  }
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 0; i < Blocks; ++i) {
      const std::uint64_t p0 = multipliers[0] * c0[i], p1 = multipliers[1] * c2[i];
      c0[i] = static_cast<std::uint32_t>(p1 >> 32) ^ c1[i] ^ k0;
      c1[i] = static_cast<std::uint32_t>(p1);
      c2[i] = static_cast<std::uint32_t>(p0 >> 32) ^ c3[i] ^ k1;
      c3[i] = static_cast<std::uint32_t>(p0);
    }
    k0 += weyl[0];
    k1 += weyl[1];
  }
  for (std::size_t i = 0; i < Blocks; ++i) {
    words[4 * i] = c0[i];
    words[4 * i + 1] = c1[i];
    words[4 * i + 2] = c2[i];
    words[4 * i + 3] = c3[i];
  }
}

FEDSIM_CLONES void philox_16(const std::uint32_t* counter, std::uint32_t k0, std::uint32_t k1, std::uint32_t* words) {
  philox<16>(counter, k0, k1, words);
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  std::array<std::uint32_t, 4> words;
  philox<1>(counter.data(), key[0], key[1], words.data());
  return words;
}

void Random::refill() {
  static_assert(blocks_at_once == 16);
  philox_16(counter_.data(), key_[0], key_[1], words_.data());
  counter_[0] += blocks_at_once;
  counter_[1] += counter_[0] < blocks_at_once;
  used_ = 0;
}

double Random::uniform() { return static_cast<double>(bits64() >> 11) * 0x1p-53; }

double Random::uniform(double low, double high) { return low + (high - low) * uniform(); }

double Random::normal() {
  if (has_normal_) {
    has_normal_ = false;
    return kept_normal_;
  }
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  const double angle = 2.0 * std::numbers::pi * uniform();
  kept_normal_ = radius * std::sin(angle);
  has_normal_ = true;
  return radius * std::cos(angle);
}

double Random::gamma(double shape) { return std::exp(log_gamma_variate(shape)); }

double Random::log_gamma_variate(double shape) {
  // Below 1: gamma(a) = gamma(a + 1) U^(1/a), in logarithms, so that tiny shapes do not underflow to 0.
  const double boost = shape < 1 ? std::log(1.0 - uniform()) / shape : 0.0;
  const double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  for (;;) {
    const double x = normal();
    const double root = 1.0 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(1.0 - uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d * v) + boost;
  }
}

}  // namespace fedsim
