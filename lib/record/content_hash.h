// `content_hash`: BLAKE2b-256 over everything in a result file in canonical order. docs/result-file.md
// defines it.
//
// Each dataset has a running hash of its values; the hash of the file is taken over a short list of those, so
// that committing a round costs the same however long the run.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/hash.h"
#include "core/hdf5/file.h"

namespace fedsim {

class ContentHash {
 public:
  /// Values that follow those added before, little-endian as stored.
  template <class T>
  void add(const std::string& dataset, const hdf5::Dimensions& row_shape, std::span<const T> values) {
    add_bytes(dataset, hdf5::name_of(hdf5::type_of<T>()), row_shape, values.data(), values.size_bytes(),
              static_cast<std::int64_t>(values.size()));
  }
  /// A text dataset [n]: each string is hashed with a zero byte behind it.
  void add_text(const std::string& dataset, const std::vector<std::string>& values);
  /// Declares a dataset that may still be empty.
  void declare(const std::string& dataset, const char* type, const hdf5::Dimensions& row_shape);

  void set(const std::string& object, const std::string& attribute, const hdf5::AttributeValue& value);

  std::string hex() const;

 private:
  struct Running {
    std::string type;
    hdf5::Dimensions row_shape;
    std::int64_t rows = 0;
    Hash hash;
  };
  void add_bytes(const std::string& dataset, const char* type, const hdf5::Dimensions& row_shape,
                 const void* data, std::size_t bytes, std::int64_t count);
  std::map<std::string, Running> datasets_;                                         // by path
  std::map<std::pair<std::string, std::string>, hdf5::AttributeValue> attributes_;  // by (path, name)
};

/// Computed from a file, trusting `committed_rounds` rows of /rounds and the rows of /clients that belong to
/// them.
ContentHash hash_of_file(const hdf5::Group& root, std::int64_t committed_rounds);

/// Rows at the start of /clients whose round is committed; 0 where there is no /clients.
std::int64_t committed_client_rows(const hdf5::Group& root, std::int64_t committed_rounds);

}  // namespace fedsim
