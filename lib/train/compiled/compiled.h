// The compiled CPU trainer: a layer list becomes a plan once; a step is then a chain of kernels over one flat
// parameter vector in workspaces that are allocated once per learner. No torch, no autograd graph.
#pragma once

#include <memory>
#include <string>

#include "data/dataset.h"
#include "model/network.h"
#include "train/learner.h"

namespace fedsim {

/// Null, with the reason in `why_not`, for layers that this trainer does not accept. `data` is only looked
/// at.
std::unique_ptr<Engine> make_compiled_engine(const Network& network, const Dataset& data, Dtype dtype,
                                             std::string& why_not);

}  // namespace fedsim
