// Counter-based random numbers: Philox4x32-10 (Salmon et al., SC'11, doi:10.1145/2063384.2063405).
//
// A stream is named by (seed, purpose, round, client) and never shared, so what is drawn does not depend on
// threads, on the order of clients, or on what was drawn before a resume. The distributions are our own: those of
// the standard library differ between vendors.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace fedsim {

/// What a stream is for. Values are part of the reproducibility promise: never renumber.
enum class Purpose : std::uint8_t {
  model_init = 1,
  partition = 2,
  cohort = 3,
  batches = 4,
  dropout = 5,
  data = 6,           // generated samples and users
  feature_noise = 7,  // partition.scheme = "noise"
  test_split = 8,
  subset = 9,  // data.train_limit
  server = 10,
  update = 11,
};

/// The name of a stream, and the 32-bit word of it, a multiple of 4, that is drawn first. `round` and `client` are 0 where
/// a purpose has none. At most 2^56 blocks of four words a stream.
struct RandomStream {
  std::uint64_t seed = 0;
  Purpose purpose{};
  std::uint64_t round = 0, client = 0, word = 0;
};

class Random {
 public:
  Random(std::uint64_t seed, Purpose purpose, std::uint64_t round = 0, std::uint64_t client = 0)
      : Random(RandomStream{seed, purpose, round, client}) {}
  explicit Random(const RandomStream& stream)
      : key_{static_cast<std::uint32_t>(stream.seed), static_cast<std::uint32_t>(stream.seed >> 32)},
        // [block low, purpose and block high, round, client]: streams never meet below 2^56 blocks.
        counter_{static_cast<std::uint32_t>(stream.word / 4),
                 static_cast<std::uint32_t>(stream.purpose) << 24 |
                     (static_cast<std::uint32_t>(stream.word / 4 >> 32) & 0x00FFFFFFu),
                 static_cast<std::uint32_t>(stream.round), static_cast<std::uint32_t>(stream.client)} {}

  std::uint32_t bits32() {
    if (used_ == words_.size()) refill();
    return words_[used_++];
  }
  std::uint64_t bits64() {
    const std::uint64_t low = bits32();
    return low | static_cast<std::uint64_t>(bits32()) << 32;
  }
  double uniform();                            // [0, 1), 53 bits
  double uniform(double low, double high);     // [low, high)
  /// [0, n), unbiased (Lemire 2019); n > 0.
  std::uint64_t below(std::uint64_t n) {
    __extension__ using Wide = unsigned __int128;
    Wide product = static_cast<Wide>(bits64()) * n;
    if (static_cast<std::uint64_t>(product) < n) {
      const std::uint64_t threshold = (0 - n) % n;
      while (static_cast<std::uint64_t>(product) < threshold) product = static_cast<Wide>(bits64()) * n;
    }
    return static_cast<std::uint64_t>(product >> 64);
  }
  double normal();                             // N(0, 1), Box-Muller, both halves used
  double gamma(double shape);                  // Marsaglia-Tsang 2000, shape > 0
  /// log of a gamma(shape) variate: finite where gamma() underflows (shape 1e-6); shape > 0.
  double log_gamma_variate(double shape);

  /// Fisher-Yates from the back.
  template <class T>
  void shuffle(std::span<T> values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  static constexpr std::uint32_t blocks_at_once = 16;  // take the time of a few alone, where there is AVX-512
  void refill();
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;   // of the block after those in words_
  std::array<std::uint32_t, 4 * blocks_at_once> words_{};  // blocks one after the other
  std::size_t used_ = words_.size();
  bool has_normal_ = false;
  double kept_normal_ = 0;
};

/// The raw function, for test vectors: ten rounds of Philox4x32.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

}  // namespace fedsim
