// A small labelled data set for partitions, and the checks that every scheme must pass.
#pragma once

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "partition/partition.h"
#include "set_options.h"

namespace fedsim::test {

/// n rows, label = row mod classes.
inline Dataset labelled(std::int64_t n, std::int64_t classes) {
  Dataset data;
  data.name = "labelled";
  data.classes = classes;
  for (std::int64_t i = 0; i < n; ++i) data.labels.push_back(static_cast<std::int32_t>(i % classes));
  return data;
}

inline std::vector<std::int64_t> sizes_of(const Partition& partition) {
  std::vector<std::int64_t> sizes;
  for (std::int64_t k = 0; k < partition.clients(); ++k) sizes.push_back(partition.size(k));
  return sizes;
}

/// All rows of all clients, sorted.
inline std::vector<std::int64_t> used_rows(const Partition& partition) {
  std::vector<std::int64_t> rows;
  for (std::int64_t k = 0; k < partition.clients(); ++k) {
    const Rows mine = partition.rows(k);
    for (std::int64_t i = 0; i < mine.size(); ++i) rows.push_back(mine[i]);
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

/// [C] of one client.
inline std::vector<std::int64_t> label_counts(const Partition& partition, const Dataset& data,
                                              std::int64_t client) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(data.classes), 0);
  const Rows mine = partition.rows(client);
  for (std::int64_t i = 0; i < mine.size(); ++i)
    ++counts[static_cast<std::size_t>(data.labels[static_cast<std::size_t>(mine[i])])];
  return counts;
}

/// The option that an impossible request names; "" where nothing was thrown.
inline std::string refused_option(const PartitionScheme& scheme, const PartitionInput& input) {
  try {
    scheme.split(input);
  } catch (const OptionError& error) {
    return error.option;
  }
  return "";
}

}  // namespace fedsim::test
