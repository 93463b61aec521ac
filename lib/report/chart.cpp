#include "report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace fedsim {
namespace {

// Okabe and Ito's colours, told apart with any kind of colour vision.
constexpr std::array<const char*, 8> colours{"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                             "#E69F00", "#56B4E9", "#000000", "#8C6D1F"};
constexpr std::array<const char*, 4> dashes{"", "7 4", "2 3", "9 3 2 3"};  // beyond eight series

constexpr double width = 760, plot_height = 380;               // pixels
constexpr double left = 78, right = 24, top = 44, under = 52;  // margins around the plot
constexpr double legend_line = 20;

struct Interval {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
  void take(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  void widen(double share) {
    const double by = high > low ? share * (high - low) : std::max(std::abs(low) * 0.05, 1e-9);
    low -= by;
    high += by;
  }
};

struct Frame {
  Interval x, y;
  double px(double value) const { return left + (value - x.low) / (x.high - x.low) * (width - left - right); }
  double py(double value) const { return top + (y.high - value) / (y.high - y.low) * plot_height; }
};

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '&')
      result += "&amp;";
    else if (static_cast<unsigned char>(c) >= 0x20)
      result += c;
  }
  return result;
}

std::string text_at(double x, double y, const char* anchor, int size, const std::string& text,
                    const char* more = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-size=\"{}\"{}>{}</text>\n", x,
                     y, anchor, size, more, escaped(text));
}

// 1500000 -> "1.5M": long numbers would run into each other.
std::string tick_text(double value, double step) {
  const double size = std::abs(value);
  if (size >= 1e9) return fmt::format("{:g}G", value / 1e9);
  if (size >= 1e6) return fmt::format("{:g}M", value / 1e6);
  if (size >= 1e4) return fmt::format("{:g}k", value / 1e3);
  const int decimals = std::clamp(static_cast<int>(-std::floor(std::log10(step) + 1e-9)), 0, 10);
  return decimals > 6 ? fmt::format("{:g}", value)
                      : fmt::format("{:.{}f}", size < step * 1e-6 ? 0.0 : value, decimals);
}

Frame frame_of(const Chart& chart) {
  Frame frame;
  for (const auto& series : chart.series)
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      frame.x.take(series.x[i]);
      frame.y.take(series.y[i]);
      if (series.low.empty()) continue;
      frame.y.take(series.low[i]);
      frame.y.take(series.high[i]);
    }
  if (frame.x.low > frame.x.high) throw std::invalid_argument("a chart without points");
  if (frame.x.low == frame.x.high) frame.x.widen(0);
  frame.y.widen(0.04);
  return frame;
}

std::string axes(const Chart& chart, const Frame& frame) {
  std::string svg;
  const double bottom = top + plot_height;
  const auto xs = nice_ticks(frame.x.low, frame.x.high, 8), ys = nice_ticks(frame.y.low, frame.y.high, 6);
  const auto step = [](const std::vector<double>& ticks) {
    return ticks.size() > 1 ? ticks[1] - ticks[0] : 1.0;
  };
  for (const double tick : ys) {
    const double y = frame.py(tick);
    svg += fmt::format("<path d=\"M{:.1f} {:.1f}H{:.1f}\" stroke=\"#e3e3e3\"/>\n", left, y, width - right);
    svg += text_at(left - 8, y + 4, "end", 12, tick_text(tick, step(ys)));
  }
  for (const double tick : xs) {
    const double x = frame.px(tick);
    svg += fmt::format("<path d=\"M{:.1f} {:.1f}V{:.1f}\" stroke=\"#f0f0f0\"/>\n", x, top, bottom);
    svg += text_at(x, bottom + 18, "middle", 12, tick_text(tick, step(xs)));
  }
  svg += fmt::format("<path d=\"M{:.1f} {:.1f}V{:.1f}H{:.1f}\" fill=\"none\" stroke=\"#444\"/>\n", left, top,
                     bottom, width - right);
  svg += text_at(left + (width - left - right) / 2, bottom + 40, "middle", 13, chart.x_label);
  const double middle = top + plot_height / 2;
  svg += text_at(20, middle, "middle", 13, chart.y_label,
                 fmt::format(" transform=\"rotate(-90 20 {:.1f})\"", middle).c_str());
  if (!chart.title.empty()) svg += text_at(left, 26, "start", 15, chart.title, " font-weight=\"bold\"");
  return svg;
}

std::string curve(const Series& series, const Frame& frame, std::size_t index) {
  std::string svg;
  const char* colour = colours[index % colours.size()];
  if (!series.low.empty()) {
    std::string path;
    for (std::size_t i = 0; i < series.x.size(); ++i)
      path +=
          fmt::format("{}{:.2f} {:.2f}", i == 0 ? "M" : "L", frame.px(series.x[i]), frame.py(series.high[i]));
    for (std::size_t i = series.x.size(); i-- > 0;)
      path += fmt::format("L{:.2f} {:.2f}", frame.px(series.x[i]), frame.py(series.low[i]));
    svg += fmt::format("<path d=\"{}Z\" fill=\"{}\" fill-opacity=\"0.17\"/>\n", path, colour);
  }
  std::string path;
  for (std::size_t i = 0; i < series.x.size(); ++i)
    path += fmt::format("{}{:.2f} {:.2f}", i == 0 ? "M" : "L", frame.px(series.x[i]), frame.py(series.y[i]));
  const char* dash = dashes[(index / colours.size()) % dashes.size()];
  svg += fmt::format(
      "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\" stroke-linejoin=\"round\" "
      "stroke-dasharray=\"{}\"/>\n",
      path, colour, *dash == '\0' ? "none" : dash);
  if (series.x.size() == 1)
    svg += fmt::format("<circle cx=\"{:.2f}\" cy=\"{:.2f}\" r=\"3.5\" fill=\"{}\"/>\n", frame.px(series.x[0]),
                       frame.py(series.y[0]), colour);
  return svg;
}

}  // namespace

std::vector<double> nice_ticks(double low, double high, int wanted) {
  if (!(high > low) || wanted < 1) return {low};
  const double rough = (high - low) / wanted;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double share = rough / power;
  const double step = power * (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10);
  std::vector<double> ticks;
  const auto first = std::ceil(low / step - 1e-9);
  for (double i = first; i * step <= high + 1e-9 * step; ++i) ticks.push_back(i * step);
  return ticks;
}

std::string to_svg(const Chart& chart) {
  const Frame frame = frame_of(chart);
  const bool legend = chart.series.size() > 1 || (chart.series.size() == 1 && !chart.series[0].label.empty());
  const double legend_height = legend ? legend_line * static_cast<double>(chart.series.size()) + 10 : 0;
  const double height = top + plot_height + under + legend_height;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} "
      "{1:.0f}\" "
      "font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\" fill=\"#222\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
      width, height);
  svg += axes(chart, frame);
  for (std::size_t i = 0; i < chart.series.size(); ++i) svg += curve(chart.series[i], frame, i);
  for (std::size_t i = 0; legend && i < chart.series.size(); ++i) {
    const double y = top + plot_height + under + legend_line * (static_cast<double>(i) + 0.5);
    const char* dash = dashes[(i / colours.size()) % dashes.size()];
    svg += fmt::format(
        "<path d=\"M{:.1f} {:.1f}h26\" stroke=\"{}\" stroke-width=\"3\" stroke-dasharray=\"{}\"/>\n", left, y,
        colours[i % colours.size()], *dash == '\0' ? "none" : dash);
    svg += text_at(left + 34, y + 4, "start", 13, chart.series[i].label);
  }
  return svg + "</svg>\n";
}

}  // namespace fedsim
