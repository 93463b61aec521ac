// trainer = "batched": a layer list trained for many clients at once, parameters as one tensor [m, d], on any
// device of LibTorch. Made for GPUs, where a client's step alone is dozens of launches of a few microseconds.
#pragma once

#include <memory>
#include <string>

#include "model/network.h"
#include "train/learner.h"

namespace fedsim {

/// Null, with the reason in `why_not`, for layers that this trainer does not accept. `device`: as
/// resolve_device gives it. Its learners, for evaluation, are autograd's.
std::unique_ptr<Engine> make_batched_engine(const Network& network, const std::string& device, Dtype dtype,
                                            std::string& why_not);

}  // namespace fedsim
