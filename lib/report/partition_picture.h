// How a split looks: what the terminal and the SVG show of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "partition/partition.h"

namespace fedsim {

struct PartitionPicture {
  std::string title;
  std::int64_t available = 0;        // training samples that could have been given to clients
  std::int64_t classes = 0;          // C; 0: no labels
  std::vector<std::int64_t> sizes;   // [N]
  std::vector<std::int64_t> counts;  // [N, C]; empty without labels
  std::vector<float> noise;          // [N] or empty
};
PartitionPicture picture_of(const Partition& partition, const Dataset& data, std::string title);

/// For a terminal, UTF-8, ends with a newline: sizes in numbers, label skew, a heat map of the first `rows`
/// clients, and a histogram of the sizes where there are more.
std::string partition_text(const PartitionPicture& picture, std::size_t rows = 20);

/// A bar a client, its samples stacked by label. Beyond 100 clients: 100 of them, evenly spaced in order of
/// size, and beside them histograms over all clients of the size and of the largest label's share.
std::string partition_svg(const PartitionPicture& picture);

/// Throws OutputError.
void write_partition_svg(const std::filesystem::path& path, const PartitionPicture& picture);

/// Bin i counts the values in [edges[i], edges[i+1]); the last one includes its upper edge.
struct Histogram {
  std::vector<double> edges;         // [bins+1]
  std::vector<std::int64_t> counts;  // [bins]
  bool logarithmic = false;
};
Histogram histogram(const std::vector<double>& values, std::vector<double> edges);
/// At most `bins` bins between whole numbers, the last edge one above the largest size: of equal width, or of
/// equal ratio where the largest size is more than 20 times the smallest and the mean is small against it.
Histogram size_histogram(const std::vector<std::int64_t>& sizes, std::size_t bins);

/// [N] the share of a client's most frequent label; clients without samples are left out.
std::vector<double> largest_label_shares(const PartitionPicture& picture);

}  // namespace fedsim
