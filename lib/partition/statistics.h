// What a split looks like, in numbers.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"
#include "partition/partition.h"

namespace fedsim {

std::vector<std::int64_t> client_sizes(const Partition& partition);  // [N]

/// [N, C] how many rows of each label a client has. Needs data.labels.
std::vector<std::int64_t> label_counts(const Partition& partition, const Dataset& data);

struct SizeSummary {
  std::int64_t smallest = 0, largest = 0, total = 0, empty = 0;
  double median = 0, mean = 0;
};
SizeSummary summarize(std::vector<std::int64_t> sizes);

/// Mean over samples of the total variation distance between the label distribution of the sample's client
/// and that of all clients together: 0 where all are alike, 1 - 1/C for one label a client with C equal
/// classes. `counts` as label_counts gives them.
double label_skew(const std::vector<std::int64_t>& counts, std::int64_t classes);

}  // namespace fedsim
