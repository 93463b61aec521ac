// CSV as RFC 4180 has it: a header row, commas, fields optionally in double quotes; LF or CRLF. Numbers are
// read with a decimal point whatever the locale.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace fedsim {

struct CsvTable {
  std::vector<std::string> columns;
  std::vector<double> values;  // [rows, columns]
  std::size_t rows() const { return values.size() / columns.size(); }
};

/// Throws DataError "FILE:ROW:COLUMN: ..." (row: line of the file from 1, column: field from 1) for a ragged
/// row, an empty field, text where a number should be, NaN or infinity unless allowed, and a doubled or empty
/// column name.
CsvTable read_csv(const std::filesystem::path& path, bool allow_nonfinite);

}  // namespace fedsim
