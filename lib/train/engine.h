// Chooses and makes the trainer of a run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/options.h"
#include "core/vec.h"
#include "data/dataset.h"
#include "train/learner.h"

namespace fedsim {

/// Exactly one is set.
struct ModelChoice {
  std::vector<std::string> layers;  // of a template, or as written
  Path torchscript;
  bool quadratic = false;  // model.name = "quadratic"
};

/// trainer: auto | autograd | compiled | batched; device: auto | cpu | cuda | cuda:N; the options' errors are
/// OptionErrors, a device that is asked for and not there is an OutputError (exit 4) that says what is there.
std::unique_ptr<Engine> make_engine(const ModelChoice& model, const Dataset& data, const std::string& trainer,
                                    const std::string& device, Dtype dtype);

}  // namespace fedsim
