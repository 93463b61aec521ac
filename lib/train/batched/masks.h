// The dropout stream of many clients as tensor operations, so that masks are drawn where the training runs
// and are those of the other trainers: Philox4x32-10, as in core/random.h.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

namespace fedsim::batched {

/// Names the stream of one step of each client; tensors, so that a captured step reads their current values.
struct StepStream {
  at::Tensor seed;     // [2] int64: low and high 32 bits
  at::Tensor round;    // [] int64
  at::Tensor clients;  // [m] int64
  at::Tensor step;     // [] int64
};

/// The 32-bit words first[k] .. first[k] + count - 1 of the dropout streams: [m, count] int64. first: [m]
/// int64.
at::Tensor dropout_words(const StepStream& stream, const at::Tensor& first, std::int64_t count);

}  // namespace fedsim::batched
