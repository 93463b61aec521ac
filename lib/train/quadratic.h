// The trainer of dataset = "quadratic": closed forms, no network.
#pragma once

#include <memory>

#include "data/dataset.h"
#include "train/learner.h"

namespace fedsim {

/// `data.quadratic` must be set.
std::unique_ptr<Engine> make_quadratic_engine(const Dataset& data, Dtype dtype);

}  // namespace fedsim
