// Index lists in files: which client has which rows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "data/dataset.h"
#include "partition/partition.h"

namespace fedsim {

/// As written, not yet checked against any data.
struct IndexLists {
  std::vector<std::int64_t> offsets{0};  // [N+1]
  std::vector<std::int64_t> indices;     // client k has indices[offsets[k] .. offsets[k+1])
};

/// Reads, by content:
///   HDF5  /partition/offsets [N+1] and /partition/indices [n]: a result of `run`, or `partition -o FILE.h5`;
///   JSON  [[3, 17, 4], [0, 9], ...], a list a client;
///   text  one client a line, row numbers apart by spaces; an empty line is a client without rows, a line
///   that
///         starts with # is a comment.
/// Throws DataError with path and line.
IndexLists read_index_lists(const std::filesystem::path& path);

/// A new HDF5 file with /partition as in a result file: sizes [N], offsets [N+1], indices [n], label_counts
/// [N, C]. Throws OutputError. Readable by scheme "file" and by any HDF5 tool.
void write_index_lists(const std::filesystem::path& path, const Partition& partition, const Dataset& data);

}  // namespace fedsim
