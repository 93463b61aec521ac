// What a result holds besides the rounds: /partition and /model, written once.
#pragma once

#include <vector>

#include "core/hdf5/file.h"
#include "core/vec.h"
#include "data/dataset.h"
#include "partition/partition.h"
#include "record/content_hash.h"
#include "record/result_writer.h"

namespace fedsim {

/// /partition/{sizes,offsets,indices,label_counts}; sizes alone where samples are made when a client is
/// drawn.
void write_partition(hdf5::Group root, const Partition& partition, const Dataset& data, ContentHash& hash);

/// /model/{parameters,names,shapes}.
void write_model(hdf5::Group root, const std::vector<ResultHeader::Tensor>& tensors, const Vec& model,
                 ContentHash& hash);

/// Drops the rows of /rounds and /clients that are not committed.
void cut_to_committed(hdf5::Group root, std::int64_t committed_rounds);

}  // namespace fedsim
