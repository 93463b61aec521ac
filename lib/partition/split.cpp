#include "partition/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "core/text.h"

namespace fedsim {
namespace {

constexpr std::int64_t default_clients = 100;

}  // namespace

std::int64_t stored_rows(const Dataset& data) {
  if (!data.labels.empty()) return static_cast<std::int64_t>(data.labels.size());
  return data.train ? data.train->size() : 0;
}

std::vector<std::uint32_t> allowed_rows(const PartitionInput& input, std::string_view scheme) {
  const Dataset& data = *input.data;
  if (data.generated_on_draw || data.quadratic)
    throw OptionError{
        "scheme",
        fmt::format("'{}' needs samples that exist before a client is drawn; those of {} belong to "
                    "their users",
                    scheme, data.name),
        "use scheme = \"natural\""};
  if (!input.rows.empty()) return input.rows;
  const std::int64_t n = stored_rows(data);
  if (n >= std::numeric_limits<std::uint32_t>::max())
    throw OptionError{"scheme", fmt::format("{} training samples are more than an index list can number", n),
                      ""};
  std::vector<std::uint32_t> rows(static_cast<std::size_t>(n));
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

std::int64_t client_count(const PartitionInput& input, std::int64_t samples, std::int64_t min_samples,
                          std::string_view scheme) {
  const std::int64_t clients = input.clients > 0 ? input.clients : default_clients;
  // Divided, not multiplied: both numbers are the user's and their product may overflow.
  if (min_samples <= 0 || clients <= samples / min_samples) return clients;
  if (clients > samples || min_samples == 1)
    throw OptionError{"clients",
                      fmt::format("scheme '{}' cannot split {} training samples over {} clients", scheme,
                                  with_commas(samples), with_commas(clients)),
                      fmt::format("at most {} clients have a sample each", with_commas(samples))};
  throw OptionError{
      "min_samples",
      fmt::format("{} clients with {} samples each need more than the {} training samples there are",
                  with_commas(clients), with_commas(min_samples), with_commas(samples)),
      fmt::format("at most {}", with_commas(samples / clients))};
}

std::vector<std::vector<std::uint32_t>> rows_by_label(const Dataset& data,
                                                      std::span<const std::uint32_t> rows,
                                                      std::string_view scheme) {
  if (data.labels.empty())
    throw OptionError{"scheme", fmt::format("'{}' needs labels, and {} has none", scheme, data.name),
                      "use a scheme without labels: iid, quantity, lognormal, natural, ..."};
  std::vector<std::vector<std::uint32_t>> result(static_cast<std::size_t>(data.classes));
  for (const std::uint32_t row : rows) result.at(static_cast<std::size_t>(data.labels[row])).push_back(row);
  return result;
}

Owners::Owners(const PartitionInput& input, std::int64_t clients)
    : owner_(static_cast<std::size_t>(stored_rows(*input.data)), nobody), clients_(clients) {}

void Owners::deal(std::span<const std::uint32_t> rows, std::span<const std::int64_t> sizes) {
  auto row = rows.begin();
  for (std::size_t client = 0; client < sizes.size(); ++client)
    for (std::int64_t i = 0; i < sizes[client]; ++i) give(*row++, static_cast<std::int64_t>(client));
  assert(row == rows.end());
}

Partition Owners::partition() const {
  Partition result;
  result.offsets.assign(static_cast<std::size_t>(clients_) + 1, 0);
  for (const std::uint32_t owner : owner_)
    if (owner != nobody) ++result.offsets[owner + std::size_t{1}];
  std::partial_sum(result.offsets.begin(), result.offsets.end(), result.offsets.begin());
  result.indices.resize(static_cast<std::size_t>(result.offsets.back()));
  std::vector<std::int64_t> next(result.offsets.begin(), result.offsets.end() - 1);
  for (std::size_t row = 0; row < owner_.size(); ++row)
    if (owner_[row] != nobody)
      result.indices[static_cast<std::size_t>(next[owner_[row]]++)] = static_cast<std::uint32_t>(row);
  return result;
}

std::vector<std::int64_t> equal_sizes(std::int64_t n, std::int64_t parts) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(parts), n / parts);
  for (std::int64_t i = 0; i < n % parts; ++i) ++sizes[static_cast<std::size_t>(i)];
  return sizes;
}

std::vector<std::int64_t> apportion(std::span<const double> log_weights, std::int64_t n) {
  const double largest = *std::max_element(log_weights.begin(), log_weights.end());
  double total = 0;
  for (const double w : log_weights) total += std::exp(w - largest);
  std::vector<std::int64_t> sizes(log_weights.size(), 0);
  double sum = 0;
  std::int64_t given = 0;
  std::size_t last = 0;  // the last client of positive weight: gets what rounding of the sum leaves over
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const double weight = std::exp(log_weights[i] - largest);
    if (weight == 0) continue;
    last = i;
    sum += weight;
    const auto upto =
        std::min(n, static_cast<std::int64_t>(std::floor(sum / total * static_cast<double>(n) + 0.5)));
    sizes[i] = upto - given;
    given = upto;
  }
  sizes[last] += n - given;
  return sizes;
}

std::vector<std::int64_t> raised_to(std::vector<std::int64_t> sizes, std::int64_t minimum) {
  std::int64_t missing = 0;
  for (const std::int64_t size : sizes) missing += std::max<std::int64_t>(0, minimum - size);
  if (missing == 0) return sizes;
  const auto above = [&](std::int64_t level) {
    std::int64_t sum = 0;
    for (const std::int64_t size : sizes) sum += std::max<std::int64_t>(0, size - level);
    return sum;
  };
  // Taking one at a time from the largest levels the large ones: the lowest level at which they give no more
  // than is missing, and then one more each from the first few.
  std::int64_t low = minimum, high = *std::max_element(sizes.begin(), sizes.end());
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    (above(middle) <= missing) ? high = middle : low = middle + 1;
  }
  std::int64_t rest = missing - above(low);
  for (std::int64_t& size : sizes) {
    if (size >= low && low > minimum) {
      size = low;
      if (rest > 0) --size, --rest;
    } else {
      size = std::clamp(size, minimum, std::max(low, minimum));
    }
  }
  assert(rest == 0);
  return sizes;
}

Partition repaired(Partition partition, std::int64_t minimum, Random& random) {
  std::vector<std::int64_t> sizes;
  for (std::int64_t k = 0; k < partition.clients(); ++k) sizes.push_back(partition.size(k));
  if (*std::min_element(sizes.begin(), sizes.end()) >= minimum) return partition;
  const std::vector<std::int64_t> wanted = raised_to(sizes, minimum);

  std::vector<std::uint32_t> moved;
  for (std::size_t k = 0; k < sizes.size(); ++k) {
    if (wanted[k] >= sizes[k]) continue;
    const auto mine =
        std::span(partition.indices)
            .subspan(static_cast<std::size_t>(partition.offsets[k]), static_cast<std::size_t>(sizes[k]));
    random.shuffle(mine);
    moved.insert(moved.end(), mine.begin() + wanted[k], mine.end());
  }
  random.shuffle(std::span(moved));

  Partition result;
  result.indices.reserve(partition.indices.size());
  auto next = moved.begin();
  for (std::size_t k = 0; k < sizes.size(); ++k) {
    const auto mine = partition.indices.begin() + partition.offsets[k];
    result.indices.insert(result.indices.end(), mine, mine + std::min(sizes[k], wanted[k]));
    for (std::int64_t i = sizes[k]; i < wanted[k]; ++i) result.indices.push_back(*next++);
    std::sort(result.indices.begin() + result.offsets.back(), result.indices.end());
    result.offsets.push_back(static_cast<std::int64_t>(result.indices.size()));
  }
  result.noise = std::move(partition.noise);
  return result;
}

Partition random_split(const PartitionInput& input, std::vector<std::uint32_t> rows,
                       std::span<const std::int64_t> sizes, Random& random) {
  random.shuffle(std::span(rows));
  Owners owners(input, static_cast<std::int64_t>(sizes.size()));
  owners.deal(rows, sizes);
  return owners.partition();
}

}  // namespace fedsim
