// What the schemes share: who owns which row, integer sizes from weights, minimum sizes by repair.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/random.h"
#include "partition/partition.h"

namespace fedsim {

/// n, the number of training rows that are stored: the range of row numbers.
std::int64_t stored_rows(const Dataset& data);

/// The allowed training rows, ascending. OptionError("scheme") where samples exist only once a client is
/// drawn.
std::vector<std::uint32_t> allowed_rows(const PartitionInput& input, std::string_view scheme);

/// partition.clients, 100 where not written. OptionError where `samples` cannot give each `min_samples`.
std::int64_t client_count(const PartitionInput& input, std::int64_t samples, std::int64_t min_samples,
                          std::string_view scheme);

/// `rows` in their order, by label: [classes]. OptionError("scheme") where the data has no labels.
std::vector<std::vector<std::uint32_t>> rows_by_label(const Dataset& data,
                                                      std::span<const std::uint32_t> rows,
                                                      std::string_view scheme);

/// Collects who gets which row. Every client's rows come out ascending.
class Owners {
 public:
  Owners(const PartitionInput& input, std::int64_t clients);
  /// Each row at most once.
  void give(std::uint32_t row, std::int64_t client) { owner_[row] = static_cast<std::uint32_t>(client); }
  /// rows[0 .. sizes[0]) to client 0, the next sizes[1] to client 1, and so on.
  void deal(std::span<const std::uint32_t> rows, std::span<const std::int64_t> sizes);
  Partition partition() const;

 private:
  static constexpr std::uint32_t nobody = 0xFFFFFFFFu;
  std::vector<std::uint32_t> owner_;  // [n] by row number
  std::int64_t clients_;
};

/// n in equal parts; the first n mod `parts` have one more.
std::vector<std::int64_t> equal_sizes(std::int64_t n, std::int64_t parts);

/// Whole numbers in proportion to exp(log_weights), of sum n: the steps of the rounded cumulative sum, so
/// each is within 1 of its share. In logarithms, so that weights which underflow cannot all become 0;
/// -infinity: nothing.
std::vector<std::int64_t> apportion(std::span<const double> log_weights, std::int64_t n);

/// Sizes of the same sum with none below `minimum`: what is missing is taken from the largest, one by one,
/// the lower number first among equals. Needs sum >= sizes.size() * minimum.
std::vector<std::int64_t> raised_to(std::vector<std::int64_t> sizes, std::int64_t minimum);

/// Moves rows so that no client has fewer than `minimum`: clients give up rows at random, as raised_to says.
Partition repaired(Partition partition, std::int64_t minimum, Random& random);

/// A random split by sizes: shuffles the rows and deals.
Partition random_split(const PartitionInput& input, std::vector<std::uint32_t> rows,
                       std::span<const std::int64_t> sizes, Random& random);

}  // namespace fedsim
