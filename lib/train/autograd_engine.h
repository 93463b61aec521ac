// trainer = "autograd": a layer list on LibTorch's own kernels, the reference.
#pragma once

#include <memory>
#include <string>

#include "model/network.h"
#include "train/learner.h"

namespace fedsim {

/// `device`: as resolve_device gives it.
std::unique_ptr<Engine> make_autograd_engine(Network network, const std::string& device, Dtype dtype);

}  // namespace fedsim
