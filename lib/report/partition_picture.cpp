#include "report/partition_picture.h"

#include <algorithm>

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

Histogram histogram(const std::vector<double>& values, double low, double high, std::size_t bins) {
  Histogram result;
  for (std::size_t i = 0; i <= bins; ++i)
    result.edges.push_back(low + (high - low) * static_cast<double>(i) / static_cast<double>(bins));
  result.counts.assign(bins, 0);
  for (const double value : values) {
    // The first edge above the value ends its bin; the largest value belongs to the last bin.
    const auto above =
        std::upper_bound(result.edges.begin(), result.edges.end(), value) - result.edges.begin();
    const auto bin = std::clamp<std::ptrdiff_t>(above - 1, 0, static_cast<std::ptrdiff_t>(bins) - 1);
    ++result.counts[static_cast<std::size_t>(bin)];
  }
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
