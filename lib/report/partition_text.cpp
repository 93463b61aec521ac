#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "core/text.h"
#include "partition/statistics.h"
#include "report/partition_picture.h"

namespace fedsim {
namespace {

constexpr std::int64_t widest = 80;  // columns of the heat map

/// Darker with the share of the client's samples.
const char* shade(double share) {
  if (share <= 0) return " ";
  if (share < 0.05) return "·";
  if (share < 0.15) return "░";
  if (share < 0.35) return "▒";
  return share < 0.6 ? "▓" : "█";
}

void add_sizes(const PartitionPicture& picture, std::string& text) {
  const SizeSummary s = summarize(picture.sizes);
  auto out = std::back_inserter(text);
  fmt::format_to(out, "clients  {}\n", with_commas(static_cast<std::int64_t>(picture.sizes.size())));
  fmt::format_to(out, "samples  {} of {}", with_commas(s.total), with_commas(picture.available));
  if (s.total < picture.available)
    fmt::format_to(out, " ({} not used)", with_commas(picture.available - s.total));
  fmt::format_to(out, "\nsizes    min {}, median {:g}, mean {:.1f}, max {}", with_commas(s.smallest),
                 s.median, s.mean, with_commas(s.largest));
  if (s.empty > 0)
    fmt::format_to(out, ", {} client{} without samples", with_commas(s.empty), s.empty == 1 ? "" : "s");
  text += '\n';
  if (!picture.noise.empty())
    fmt::format_to(out, "noise    std {:g} to {:g}\n",
                   *std::min_element(picture.noise.begin(), picture.noise.end()),
                   *std::max_element(picture.noise.begin(), picture.noise.end()));
  if (picture.classes > 0)
    fmt::format_to(out, "skew     {:.3f} (label distributions: 0 all alike, {:.2f} one label a client)\n",
                   label_skew(picture.counts, picture.classes),
                   1.0 - 1.0 / static_cast<double>(picture.classes));
}

/// Label numbers over the columns: the last digit of each, the tens above where there are any.
void add_header(std::int64_t classes, std::int64_t per_column, int cell, std::string& text) {
  auto out = std::back_inserter(text);
  if (per_column > 1) {
    fmt::format_to(out, "\n client     size  labels 0 to {}, {} a column\n", classes - 1, per_column);
    return;
  }
  if (classes > 10) {
    fmt::format_to(out, "\n{:18}", "");
    for (std::int64_t c = 0; c < classes; ++c)
      fmt::format_to(out, "{:<{}}", c < 10 ? " " : fmt::format("{}", c / 10), cell);
  }
  fmt::format_to(out, "\n client     size  ");
  for (std::int64_t c = 0; c < classes; ++c) fmt::format_to(out, "{:<{}}", c % 10, cell);
  text += '\n';
}

void add_heat_map(const PartitionPicture& picture, std::size_t rows, std::string& text) {
  auto out = std::back_inserter(text);
  const std::int64_t per_column = (picture.classes + widest - 1) / widest;
  const int cell = picture.classes * 2 <= widest ? 2 : 1;
  add_header(picture.classes, per_column, cell, text);
  for (std::size_t k = 0; k < std::min(rows, picture.sizes.size()); ++k) {
    fmt::format_to(out, "{:>7} {:>8}  ", k, with_commas(picture.sizes[k]));
    const auto* counts = picture.counts.data() + static_cast<std::ptrdiff_t>(k) * picture.classes;
    for (std::int64_t c = 0; c < picture.classes; c += per_column) {
      std::int64_t sum = 0;
      for (std::int64_t i = c; i < std::min(c + per_column, picture.classes); ++i) sum += counts[i];
      const double size = std::max<double>(1, static_cast<double>(picture.sizes[k]));
      for (int i = 0; i < cell; ++i) text += shade(static_cast<double>(sum) / size);
    }
    text += '\n';
  }
  if (picture.sizes.size() > rows)
    fmt::format_to(out, "    ... and {} more\n",
                   with_commas(static_cast<std::int64_t>(picture.sizes.size() - rows)));
  text += "                  share of the client's samples: · under 5 %, ░ 5, ▒ 15, ▓ 35, █ 60 % and more\n";
}

/// A bar of eighths of a block: `share` of `width` columns, never nothing for something.
std::string bar(double share, int width) {
  static constexpr const char* eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int units = share <= 0 ? 0 : std::max(1, static_cast<int>(share * width * 8 + 0.5));
  std::string text;
  for (int i = 0; i < units / 8; ++i) text += "█";
  return text + eighths[units % 8];
}

void add_histogram(const PartitionPicture& picture, std::string& text) {
  const Histogram h = size_histogram(picture.sizes, 8);
  if (h.counts.size() < 2) return;  // all of one size
  const auto most = static_cast<double>(*std::max_element(h.counts.begin(), h.counts.end()));
  auto out = std::back_inserter(text);
  fmt::format_to(out, "\n           samples    clients\n");
  for (std::size_t i = 0; i < h.counts.size(); ++i) {
    const auto from = static_cast<std::int64_t>(h.edges[i]),
               to = static_cast<std::int64_t>(h.edges[i + 1]) - 1;
    const std::string range =
        from == to ? with_commas(from) : fmt::format("{} to {}", with_commas(from), with_commas(to));
    fmt::format_to(out, "{:>22} {:>10}  {}\n", range, with_commas(h.counts[i]),
                   bar(static_cast<double>(h.counts[i]) / most, 40));
  }
}

}  // namespace

std::string partition_text(const PartitionPicture& picture, std::size_t rows) {
  std::string text = fmt::format("{}\n\n", picture.title);
  add_sizes(picture, text);
  if (picture.classes > 0) add_heat_map(picture, rows, text);
  if (picture.classes == 0 || picture.sizes.size() > rows) add_histogram(picture, text);
  return text;
}

}  // namespace fedsim
