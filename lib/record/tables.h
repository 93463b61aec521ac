// /rounds and /clients while they are written.
#pragma once

#include <span>
#include <vector>

#include "core/hdf5/file.h"
#include "record/content_hash.h"
#include "record/result_writer.h"

namespace fedsim {

/// /rounds/*: R+1 rows from the start, overwritten.
class RoundTable {
 public:
  RoundTable(hdf5::Group root, std::int64_t rounds, ContentHash& hash);
  void write(std::span<const RoundRow> rows, ContentHash& hash);  // each of the round after the one before; the first says where
  void reopen(const hdf5::Group& root);                // in another copy of the file

 private:
  std::vector<hdf5::Dataset> columns_;  // as round_columns
};

/// /clients/*: filled from the front; space for `expected` rows from the start (a bound on it aside), for `needed` in
/// any case.
class ClientTable {
 public:
  ClientTable(hdf5::Group root, std::int64_t expected, std::int64_t needed, ContentHash& hash);
  bool fits(std::size_t rows) const { return used_ + static_cast<std::int64_t>(rows) <= space_; }
  void write(std::span<const ClientRow> rows, ContentHash& hash);  // they must fit
  /// In another copy of the file, with space for `rows` more. Growing changes the index of the chunks, which
  /// a kill can leave half written: never done in a file that others may read.
  void reopen_larger(const hdf5::Group& root, std::size_t rows);

 private:
  std::vector<hdf5::Dataset> columns_;  // as client_columns
  std::int64_t used_ = 0, space_ = 0;   // rows
};

}  // namespace fedsim
