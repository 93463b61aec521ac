// The rows of a result as the writer took them, to go on from.
#pragma once

#include <cstdint>
#include <vector>

#include "record/result_reader.h"
#include "record/result_writer.h"

namespace fedsim {

struct CommittedRows {
  std::vector<RoundRow> rounds;
  std::vector<ClientRow> clients;
};

/// Rows 0 .. round of a result, which must be committed. Columns that the file does not have keep their defaults.
CommittedRows read_committed_rows(const ResultReader& result, std::int64_t round);

}  // namespace fedsim
