// A line chart as SVG: axes with round ticks, a grid, bands, a legend. Plain text, no fonts or scripts from
// outside.
#pragma once

#include <string>
#include <vector>

namespace fedsim {

struct Series {
  std::string label;
  std::vector<double> x, y;       // of equal length, finite
  std::vector<double> low, high;  // the band, as long as y, or empty
};

struct Chart {
  std::string title, x_label, y_label;
  std::vector<Series> series;
};

/// Throws std::invalid_argument where no series has a point.
std::string to_svg(const Chart& chart);

/// Round numbers (1, 2 or 5 times a power of ten apart) inside [low, high]: about `wanted` of them.
std::vector<double> nice_ticks(double low, double high, int wanted);

/// Writes `svg` to a .svg, or as .png or .pdf by rsvg-convert. Throws UsageError for another extension,
/// OutputError where the program is missing or the file can't be written.
void write_picture(const std::string& path, const std::string& svg);

}  // namespace fedsim
