#include "train/batched/masks.h"

#include <array>

#include "core/random.h"

namespace fedsim::batched {
namespace {

constexpr std::int64_t mask32 = 0xFFFFFFFF;

at::Tensor low(const at::Tensor& value) { return at::bitwise_and(value, mask32); }
at::Tensor high(const at::Tensor& value) { return low(at::bitwise_right_shift(value, 32)); }

/// philox4x32 on tensors of 32-bit words in int64. A product of two words fills 64 bits; its sign is only a
/// bit.
std::array<at::Tensor, 4> philox(std::array<at::Tensor, 4> c, at::Tensor k0, at::Tensor k1) {
  constexpr std::int64_t m0 = 0xD2511F53, m1 = 0xCD9E8D57, w0 = 0x9E3779B9, w1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const at::Tensor p0 = c[0].mul(m0), p1 = c[2].mul(m1);
    c = {at::bitwise_xor(at::bitwise_xor(high(p1), c[1]), k0), low(p1),
         at::bitwise_xor(at::bitwise_xor(high(p0), c[3]), k1), low(p0)};
    k0 = low(k0.add(w0));
    k1 = low(k1.add(w1));
  }
  return c;
}

}  // namespace

at::Tensor dropout_words(const StepStream& stream, const at::Tensor& first, std::int64_t count) {
  // Whole blocks of four words, from the one that holds first[k]; a step's words begin at block step 2^32.
  const auto options = first.options();
  const std::int64_t m = first.size(0), blocks = (count + 3) / 4 + 1;
  const at::Tensor block = low(at::bitwise_right_shift(first, 2).unsqueeze(1) + at::arange(blocks, options));
  const at::Tensor purpose = at::bitwise_or(at::bitwise_and(stream.step, 0xFFFFFF),
                                            static_cast<std::int64_t>(Purpose::dropout) << 24);
  const auto spread = [&](const at::Tensor& value) { return value.expand({m, blocks}); };
  const auto words =
      philox({block, spread(purpose), spread(low(stream.round)), spread(low(stream.clients).unsqueeze(1))},
             stream.seed.select(0, 0), stream.seed.select(0, 1));
  const at::Tensor all = at::stack(words, -1).reshape({m, 4 * blocks});
  return all.gather(1, at::bitwise_and(first, 3).unsqueeze(1) + at::arange(count, options));
}

}  // namespace fedsim::batched
