#include "partition/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace fedsim {

std::vector<std::int64_t> client_sizes(const Partition& partition) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(partition.clients()));
  for (std::size_t k = 0; k < sizes.size(); ++k) sizes[k] = partition.size(static_cast<std::int64_t>(k));
  return sizes;
}

std::vector<std::int64_t> label_counts(const Partition& partition, const Dataset& data) {
  const auto classes = static_cast<std::size_t>(data.classes);
  std::vector<std::int64_t> counts(static_cast<std::size_t>(partition.clients()) * classes, 0);
  for (std::int64_t k = 0; k < partition.clients(); ++k) {
    const Rows rows = partition.rows(k);
    for (std::int64_t i = 0; i < rows.size(); ++i) {
      const auto label = static_cast<std::size_t>(data.labels[static_cast<std::size_t>(rows[i])]);
      ++counts[static_cast<std::size_t>(k) * classes + label];
    }
  }
  return counts;
}

SizeSummary summarize(std::vector<std::int64_t> sizes) {
  if (sizes.empty()) return {};
  std::sort(sizes.begin(), sizes.end());
  const std::size_t n = sizes.size();
  SizeSummary result;
  result.smallest = sizes.front();
  result.largest = sizes.back();
  result.total = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
  result.empty = std::upper_bound(sizes.begin(), sizes.end(), 0) - sizes.begin();
  result.median = (static_cast<double>(sizes[(n - 1) / 2]) + static_cast<double>(sizes[n / 2])) / 2;
  result.mean = static_cast<double>(result.total) / static_cast<double>(n);
  return result;
}

double label_skew(const std::vector<std::int64_t>& counts, std::int64_t classes) {
  const auto width = static_cast<std::size_t>(classes);
  std::vector<double> overall(width, 0);  // samples by label
  for (std::size_t i = 0; i < counts.size(); ++i) overall[i % width] += static_cast<double>(counts[i]);
  const double total = std::accumulate(overall.begin(), overall.end(), 0.0);
  if (total == 0) return 0;
  double sum = 0;  // of size * distance
  for (std::size_t row = 0; row < counts.size(); row += width) {
    const auto size = static_cast<double>(
        std::accumulate(counts.begin() + static_cast<std::ptrdiff_t>(row),
                        counts.begin() + static_cast<std::ptrdiff_t>(row + width), std::int64_t{0}));
    for (std::size_t c = 0; c < width; ++c)
      sum += std::abs(static_cast<double>(counts[row + c]) - size * overall[c] / total) / 2;
  }
  return sum / total;
}

}  // namespace fedsim
