#include "report/partition_picture.h"

#include <algorithm>
#include <cmath>

#include "partition/statistics.h"

namespace fedsim {

PartitionPicture picture_of(const Partition& partition, const Dataset& data, std::string title) {
  PartitionPicture picture;
  picture.title = std::move(title);
  picture.sizes = client_sizes(partition);
  if (!data.labels.empty()) {
    picture.classes = data.classes;
    picture.counts = label_counts(partition, data);
  }
  picture.noise = partition.noise;
  if (!data.user_offsets.empty()) picture.available = data.user_offsets.back();
  if (data.train) picture.available = data.train->size();
  if (!data.labels.empty()) picture.available = static_cast<std::int64_t>(data.labels.size());
  picture.available = std::max(picture.available, partition.offsets.back());
  return picture;
}

Histogram histogram(const std::vector<double>& values, std::vector<double> edges) {
  Histogram result;
  result.edges = std::move(edges);
  result.counts.assign(result.edges.size() - 1, 0);
  const auto last = static_cast<std::ptrdiff_t>(result.counts.size()) - 1;
  for (const double value : values) {
    // The first edge above the value ends its bin; the largest value belongs to the last bin.
    const auto above =
        std::upper_bound(result.edges.begin(), result.edges.end(), value) - result.edges.begin();
    ++result.counts[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(above - 1, 0, last))];
  }
  return result;
}

Histogram size_histogram(const std::vector<std::int64_t>& sizes, std::size_t bins) {
  const SizeSummary s = summarize(sizes);
  const auto low = static_cast<double>(s.smallest), end = static_cast<double>(s.largest + 1);
  const bool logarithmic = end > 20 * (low + 1) && end > 20 * s.mean;
  std::vector<double> edges{low};
  for (std::size_t i = 1; i <= bins; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(bins);
    // In powers of size + 1, so that empty clients have a place.
    const double edge =
        logarithmic ? (low + 1) * std::pow((end + 1) / (low + 1), share) - 1 : low + (end - low) * share;
    if (const double whole = i == bins ? end : std::round(edge); whole > edges.back()) edges.push_back(whole);
  }
  Histogram result = histogram(std::vector<double>(sizes.begin(), sizes.end()), std::move(edges));
  result.logarithmic = logarithmic;
  return result;
}

std::vector<double> largest_label_shares(const PartitionPicture& picture) {
  std::vector<double> shares;
  for (std::size_t k = 0; k < picture.sizes.size() && picture.classes > 0; ++k) {
    if (picture.sizes[k] == 0) continue;
    const auto first = picture.counts.begin() + static_cast<std::ptrdiff_t>(k) * picture.classes;
    shares.push_back(static_cast<double>(*std::max_element(first, first + picture.classes)) /
                     static_cast<double>(picture.sizes[k]));
  }
  return shares;
}

}  // namespace fedsim
