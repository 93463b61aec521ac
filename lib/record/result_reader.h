// Reads what ResultWriter wrote: NAME.h5, or NAME.h5.part of a run that goes on or was interrupted. Only
// committed rows are given.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/hdf5/file.h"
#include "core/vec.h"

namespace fedsim {

class ResultReader {
 public:
  /// What opening makes sure of. `as_is`: for --resume, which takes no row behind its checkpoint, and the rows
  /// up to there were synced with it.
  enum class Trust { verified, as_is };

  /// Opens `path`, or `path`.part where only that exists, and recomputes content_hash. Throws DataError: missing,
  /// not a result of ours, changed or damaged since it was written, or locked because the run is writing it right
  /// now; OutputError where it "needs a newer fedsim".
  /// All of it is read in a child first: HDF5 1.10 crashes on some damaged files.
  explicit ResultReader(const std::filesystem::path& path, Trust trust = Trust::verified);

  const std::string& path() const { return file_.path(); }
  const std::map<std::string, hdf5::AttributeValue>& attributes() const { return attributes_; }
  /// "" and 0 where there is no such attribute.
  std::string attribute(const std::string& name) const;
  std::int64_t integer(const std::string& attribute) const;
  std::string status() const { return attribute("status"); }
  std::int64_t committed_rounds() const { return committed_; }

  std::vector<std::string> columns() const;  // of /rounds, sorted
  bool has_column(const std::string& name) const;
  std::vector<double> column(const std::string& name) const;  // [committed_rounds]
  std::vector<std::string> client_columns() const;
  std::vector<double> client_column(const std::string& name) const;  // [client_rows]
  std::int64_t client_rows() const { return client_rows_; }
  bool has_model() const { return file_.root().has("model/parameters"); }
  Vec model() const;  // [d]
  std::vector<std::string> model_names() const;
  std::vector<std::string> model_shapes() const;
  std::vector<std::int64_t> partition_sizes() const;  // [N]; empty where not recorded

 private:
  ResultReader(const std::filesystem::path& file, std::optional<std::int64_t> rounds);
  static std::int64_t rounds_to_trust(const std::filesystem::path& file, Trust trust);
  void read_head();
  void read_columns() const;
  void verify();
  void find_rounds_of_hash();
  std::string lost_rounds() const;

  hdf5::File file_;
  std::map<std::string, hdf5::AttributeValue> attributes_;
  std::int64_t committed_ = 0, client_rows_ = 0;
};

/// The columns of NAME.jsonl, for a run that is being written. null becomes NaN; a last line that is not
/// whole yet is left out. Throws DataError.
std::map<std::string, std::vector<double>> read_live_log(const std::filesystem::path& path);

}  // namespace fedsim
