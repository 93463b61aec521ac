#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>

#include "core/error.h"
#include "core/text.h"
#include "partition/statistics.h"
#include "report/partition_picture.h"

namespace fedsim {
namespace {

constexpr std::size_t most_bars = 100;
constexpr double left = 70, top = 70, width = 860, height = 300;  // pixels, of the panel of bars
constexpr double small_height = 130, small_width = 395;           // of the histograms below

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else
      result += c;
  }
  return result;
}

/// Ten colours that differ in brightness too (Tableau 10); beyond that, hues around the circle.
std::string color(std::int64_t label, std::int64_t classes) {
  static constexpr std::array ten{"#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f",
                                  "#edc948", "#b07aa1", "#ff9da7", "#9c755f", "#bab0ac"};
  if (classes <= 10) return ten[static_cast<std::size_t>(label)];
  const double hue = 360.0 * static_cast<double>(label) / static_cast<double>(classes);
  return fmt::format("hsl({:.0f},60%,{}%)", hue, label % 2 == 0 ? 45 : 65);
}

/// 1, 2 or 5 times a power of ten: about four steps up to `largest`.
double tick_step(double largest) {
  const double raw = std::max(largest, 1e-9) / 4;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= raw) return factor * power;
  return 10 * power;
}

class Svg {
 public:
  Svg(double w, double h) {
    fmt::format_to(out(),
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:g}\" height=\"{1:g}\" "
                   "viewBox=\"0 0 {0:g} {1:g}\" font-family=\"sans-serif\" font-size=\"12\">\n",
                   w, h);
    rect(0, 0, w, h, "#ffffff");
  }
  void rect(double x, double y, double w, double h, std::string_view fill) {
    fmt::format_to(out(),
                   "<rect x=\"{:.5g}\" y=\"{:.5g}\" width=\"{:.5g}\" height=\"{:.5g}\" fill=\"{}\"/>\n", x, y,
                   w, h, fill);
  }
  void text(double x, double y, std::string_view anchor, std::string_view content, int size = 12) {
    fmt::format_to(out(), "<text x=\"{:.5g}\" y=\"{:.5g}\" text-anchor=\"{}\" font-size=\"{}\">{}</text>\n",
                   x, y, anchor, size, escaped(content));
  }
  void line(double x1, double y1, double x2, double y2, std::string_view stroke) {
    fmt::format_to(out(), "<line x1=\"{:.5g}\" y1=\"{:.5g}\" x2=\"{:.5g}\" y2=\"{:.5g}\" stroke=\"{}\"/>\n",
                   x1, y1, x2, y2, stroke);
  }
  /// Grid lines and numbers up the left side of a panel.
  void vertical_axis(double x, double y, double w, double h, double largest) {
    const double step = tick_step(largest);
    for (double tick = 0; tick <= largest; tick += step) {
      const double at = y + h - h * tick / largest;
      line(x, at, x + w, at, "#e0e0e0");
      text(x - 6, at + 4, "end", with_commas(static_cast<std::int64_t>(std::llround(tick))));
    }
  }
  std::string end() { return std::move(text_) + "</svg>\n"; }

 private:
  std::back_insert_iterator<std::string> out() { return std::back_inserter(text_); }
  std::string text_;
};

/// All clients by number, or most_bars of them evenly spaced in order of size, the smallest and largest
/// included.
std::vector<std::size_t> shown_clients(const std::vector<std::int64_t>& sizes) {
  std::vector<std::size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (order.size() <= most_bars) return order;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return sizes[a] > sizes[b]; });
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < most_bars; ++i)
    shown.push_back(order[i * (order.size() - 1) / (most_bars - 1)]);
  return shown;
}

void draw_bars(const PartitionPicture& picture, Svg& svg) {
  const std::vector<std::size_t> shown = shown_clients(picture.sizes);
  if (shown.empty()) return;
  std::int64_t most = 1;
  for (const std::size_t k : shown) most = std::max(most, picture.sizes[k]);
  const auto largest = static_cast<double>(most);
  svg.vertical_axis(left, top, width, height, largest);
  const double pitch = width / static_cast<double>(shown.size());
  const double gap = pitch > 4 ? std::min(0.2 * pitch, 6.0) : 0;
  const std::size_t label_every = (shown.size() + 24) / 25;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const double x = left + pitch * static_cast<double>(i) + gap / 2;
    double y = top + height;
    const auto stack = [&](std::int64_t count, const std::string& fill) {
      if (count == 0) return;
      const double h = height * static_cast<double>(count) / largest;
      svg.rect(x, y -= h, pitch - gap, h, fill);
    };
    const std::size_t k = shown[i];
    if (picture.classes == 0) stack(picture.sizes[k], color(0, 1));
    for (std::int64_t c = 0; c < picture.classes; ++c)
      stack(picture.counts[k * static_cast<std::size_t>(picture.classes) + static_cast<std::size_t>(c)],
            color(c, picture.classes));
    if (picture.sizes.size() <= most_bars && i % label_every == 0)
      svg.text(x + (pitch - gap) / 2, top + height + 16, "middle", fmt::format("{}", k));
  }
  svg.line(left, top + height, left + width, top + height, "#404040");
  svg.text(left + width / 2, top + height + 34, "middle",
           picture.sizes.size() <= most_bars
               ? std::string("client")
               : fmt::format("{} of {} clients, evenly spaced from the largest to the smallest", shown.size(),
                             with_commas(static_cast<std::int64_t>(picture.sizes.size()))));
  svg.text(left - 6, top - 10, "end", "samples");
}

void draw_legend(std::int64_t classes, Svg& svg) {
  if (classes == 0) return;
  const std::int64_t step = (classes + 19) / 20;  // at most 20 entries
  double x = left;
  svg.text(x, 50, "start", "label");
  x += 40;
  for (std::int64_t c = 0; c < classes; c += step, x += 40) {
    svg.rect(x, 40, 12, 12, color(c, classes));
    svg.text(x + 16, 50, "start", fmt::format("{}", c));
  }
}

void draw_histogram(double x, const Histogram& h, std::string_view title, const std::string& from,
                    const std::string& to, Svg& svg) {
  const double y = top + height + 80;
  const auto largest =
      static_cast<double>(std::max<std::int64_t>(1, *std::max_element(h.counts.begin(), h.counts.end())));
  svg.vertical_axis(x, y, small_width, small_height, largest);
  const double pitch = small_width / static_cast<double>(h.counts.size());
  for (std::size_t i = 0; i < h.counts.size(); ++i) {
    const double bar = small_height * static_cast<double>(h.counts[i]) / largest;
    svg.rect(x + pitch * static_cast<double>(i) + 0.5, y + small_height - bar, pitch - 1, bar, "#4e79a7");
  }
  svg.line(x, y + small_height, x + small_width, y + small_height, "#404040");
  svg.text(x, y + small_height + 16, "start", from);
  svg.text(x + small_width, y + small_height + 16, "end", to);
  svg.text(x + small_width / 2, y + small_height + 16, "middle", title);
  svg.text(x - 6, y - 10, "end", "clients");
}

}  // namespace

std::string partition_svg(const PartitionPicture& picture) {
  const bool histograms = picture.sizes.size() > most_bars;
  Svg svg(left + width + 30, top + height + 50 + (histograms ? small_height + 60 : 0));
  svg.text(left, 26, "start", picture.title, 16);
  draw_legend(picture.classes, svg);
  draw_bars(picture, svg);
  if (histograms) {
    const Histogram sizes = size_histogram(picture.sizes, 30);
    draw_histogram(
        left, sizes,
        sizes.logarithmic ? "samples a client, all clients (logarithmic)" : "samples a client, all clients",
        with_commas(static_cast<std::int64_t>(sizes.edges.front())),
        with_commas(static_cast<std::int64_t>(sizes.edges.back()) - 1), svg);
    std::vector<double> shares;  // edges of 30 bins over [0, 1]
    for (int i = 0; i <= 30; ++i) shares.push_back(i / 30.0);
    if (picture.classes > 0)
      draw_histogram(left + width - small_width, histogram(largest_label_shares(picture), std::move(shares)),
                     "share of a client's most frequent label", "0 %", "100 %", svg);
  }
  return svg.end();
}

void write_partition_svg(const std::filesystem::path& path, const PartitionPicture& picture) {
  std::ofstream file(path, std::ios::binary);
  file << partition_svg(picture);
  file.close();
  if (!file) throw OutputError(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(errno)));
}

}  // namespace fedsim
