// From a config to what training needs: the dataset in memory, the split, the trainer.
#pragma once

#include <memory>

#include "data/dataset.h"
#include "experiment/experiment.h"
#include "partition/partition.h"
#include "train/engine.h"

namespace fedsim {

struct Prepared {
  Dataset data;
  Partition partition;
};

/// Loads the data and splits it. OptionErrors become ConfigErrors at their place in the config.
Prepared prepare(const Experiment& experiment);
/// The trainer of the experiment's model. Errors as above.
std::unique_ptr<Engine> prepare_engine(const Experiment& experiment, const Dataset& data);

}  // namespace fedsim
