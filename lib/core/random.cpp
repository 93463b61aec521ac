#include "core/random.h"

#include <numbers>

namespace fedsim {

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> c, std::array<std::uint32_t, 2> k) {
  // Multipliers and Weyl constants of the paper, section 4 and its reference implementation.
  constexpr std::uint64_t m0 = 0xD2511F53u, m1 = 0xCD9E8D57u;
  constexpr std::uint32_t w0 = 0x9E3779B9u, w1 = 0xBB67AE85u;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = m0 * c[0], p1 = m1 * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(p0)};
    k[0] += w0;
    k[1] += w1;
  }
  return c;
}

Random::Random(std::uint64_t seed, Purpose purpose, std::uint64_t round, std::uint64_t client)
    : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
      // [block low, purpose and block high, round, client]: streams never meet below 2^56 blocks.
      counter_{0, static_cast<std::uint32_t>(purpose) << 24, static_cast<std::uint32_t>(round),
               static_cast<std::uint32_t>(client)} {}

void Random::refill() {
  block_ = philox4x32(counter_, key_);
  if (++counter_[0] == 0) ++counter_[1];
  used_ = 0;
}

void Random::seek(std::uint64_t word) {
  const std::uint64_t block = word / 4;
  counter_[0] = static_cast<std::uint32_t>(block);
  counter_[1] = (counter_[1] & 0xFF000000u) | (static_cast<std::uint32_t>(block >> 32) & 0x00FFFFFFu);
  used_ = 4;
  has_normal_ = false;
}

std::uint32_t Random::bits32() {
  if (used_ == 4) refill();
  return block_[used_++];
}

std::uint64_t Random::bits64() {
  const std::uint64_t low = bits32();
  return low | static_cast<std::uint64_t>(bits32()) << 32;
}

double Random::uniform() { return static_cast<double>(bits64() >> 11) * 0x1p-53; }

double Random::uniform(double low, double high) { return low + (high - low) * uniform(); }

std::uint64_t Random::below(std::uint64_t n) {
  __extension__ using Wide = unsigned __int128;
  Wide product = static_cast<Wide>(bits64()) * n;
  if (static_cast<std::uint64_t>(product) < n) {
    const std::uint64_t threshold = (0 - n) % n;
    while (static_cast<std::uint64_t>(product) < threshold) product = static_cast<Wide>(bits64()) * n;
  }
  return static_cast<std::uint64_t>(product >> 64);
}

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
