// A dataset: one copy of the samples as stored, shared by all clients. A client is a view of rows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/prefetch.h"
#include "core/registry.h"
#include "core/vec.h"

namespace fedsim {

using Shape = std::vector<std::int64_t>;  // of one sample: {1, 28, 28}, {60}, {80}
std::int64_t elements(const Shape& shape);
std::string to_string(const Shape& shape);  // "1x28x28"

/// A client's rows: a contiguous range, or a list of row numbers. A view; cheap to copy.
class Rows {
 public:
  Rows() = default;
  Rows(std::int64_t first, std::int64_t count) : first_(first), count_(count) {}
  explicit Rows(std::span<const std::uint32_t> list) : count_(static_cast<std::int64_t>(list.size())), list_(list.data()) {}
  std::int64_t size() const { return count_; }
  /// The list is read soon, as core/prefetch.h.
  void ask_for() const { ask_for_all(list_, list_ ? static_cast<std::size_t>(count_) * sizeof *list_ : 0); }
  std::int64_t operator[](std::int64_t i) const { return list_ ? static_cast<std::int64_t>(list_[i]) : first_ + i; }

 private:
  std::int64_t first_ = 0, count_ = 0;
  const std::uint32_t* list_ = nullptr;
};

/// Rows of (features, targets). Thread-safe and const: any worker reads any rows at any time.
class Samples {
 public:
  virtual ~Samples() = default;
  virtual std::int64_t size() const = 0;
  /// Scaled features of `rows` into x [rows, elements(sample_shape)], targets into y [rows, targets]; a target of
  /// -1 is padding and counts in no loss. Token ids are whole numbers in x.
  virtual void gather(std::span<const std::int64_t> rows, float* x, std::int32_t* y) const = 0;
  virtual void gather(std::span<const std::int64_t> rows, double* x, std::int32_t* y) const = 0;
  /// Not 0: every feature is a stored byte divided by this, and `find` tells where the bytes of each row are, which stay
  /// there as long as this object.
  virtual float byte_divisor() const { return 0; }
  virtual void find(std::span<const std::int64_t>, const std::uint8_t**, std::int32_t*) const {}
  /// Under the same condition: where the bytes of `rows` are, which are read soon. The caller asks for them (core/prefetch.h), this
  /// for the targets.
  virtual void expect(std::span<const std::int64_t>, const std::uint8_t**) const {}
  /// Says that `rows` will be gathered soon: samples lie anywhere in a data set larger than the caches.
  virtual void prefetch(std::span<const std::int64_t>) const {}
};

/// f_k(w) = 1/2 (w - c_k)' H_k (w - c_k), for theory: dataset = "quadratic" (see its reader).
struct Quadratics {
  std::int64_t clients = 0, dimension = 0;
  std::vector<double> hessian;        // [N, d, d]
  std::vector<double> center;         // [N, d]
  std::vector<std::int64_t> samples;  // [N], weights; rows of the partition are virtual
  std::vector<std::int64_t> steps;    // [N] or empty: that client's local steps
  std::vector<double> start;          // [d]
};

struct Dataset {
  std::string name;
  std::string origin;  // where it was found: a folder or file, or "generated"
  Shape sample_shape;
  std::int64_t classes = 0;
  std::int64_t targets = 1;  // per sample; > 1: a target at every position of a sequence
  std::int64_t vocabulary = 0;  // > 0: the features are token ids in [0, vocabulary)
  std::shared_ptr<const Samples> train, test;
  /// [n] labels of the training rows, for partitioning; empty where targets > 1 or samples are generated on draw.
  std::vector<std::int32_t> labels;
  /// Natural users: user u has training rows [user_offsets[u], user_offsets[u+1]). Empty: none.
  std::vector<std::int64_t> user_offsets;
  /// Samples are made when a client is drawn: only partition.scheme = "natural" fits, and the only dataset of
  /// /partition in the result is sizes.
  bool generated_on_draw = false;
  std::shared_ptr<const Quadratics> quadratic;  // set for dataset = "quadratic" only
  std::size_t bytes = 0;                        // of memory held by the samples
};

/// The part of the features that are not 0, in up to 256 training rows spread over them all; 1 for tokens and for what is
/// generated on draw.
double density(const Dataset& data);

/// What a source may need to know beyond its options.
struct DataContext {
  std::filesystem::path config_folder;             // relative paths of the config start here
  std::optional<std::filesystem::path> data_root;  // data.root where written
  std::filesystem::path source_tree;               // of the build; may not exist any more
  std::filesystem::path install_prefix;            // <prefix>/share/fedsim
  std::uint64_t seed = 1;
  std::int64_t clients = 0;      // partition.clients where written, else 0
  std::string scale = "unit";    // data.scale
  double test_fraction = 0.1;    // where the source has no test set of its own
  bool allow_nonfinite = false;
};

/// A kind of dataset, chosen by data.dataset; its Options stand in [data].
class DataSource {
 public:
  virtual ~DataSource() = default;
  /// Throws DataError (exit 3) naming file, what was expected and what to do; OptionError for options.
  /// Everything is validated against the file's size before memory is allocated.
  virtual Dataset load(const DataContext& context) const = 0;
};

}  // namespace fedsim
