// model.torchscript: a module saved by torch.jit from Python, trained as it is.
#pragma once

#include <memory>
#include <string>

#include "data/dataset.h"
#include "train/learner.h"

namespace fedsim {

/// Reads the module and tries it once on a sample of the data's shape. The file is code: loading it trusts it.
/// DataError for a file that is no TorchScript module, OptionError("torchscript", ...) for a module that does not
/// fit the data, has nothing to train or draws random numbers. `device`: as resolve_device gives it.
std::unique_ptr<Engine> make_torchscript_engine(const std::string& file, const Dataset& data, const std::string& device,
                                                Dtype dtype);

}  // namespace fedsim
