#include "report/curves.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "core/error.h"
#include "report/statistics.h"

namespace fedsim {
namespace {

// The x of every round of a run, from its columns.
std::vector<double> positions(const RunData& run, const std::string& x) {
  if (x == "round") return run.column("round");
  if (x == "simulated_seconds") return run.column("simulated_seconds");
  std::vector<double> sums;
  double sum = 0;
  for (std::size_t t = 0; t < run.column("round").size(); ++t) {
    sum +=
        x == "seconds" ? run.column("seconds")[t] : run.column("bytes_up")[t] + run.column("bytes_down")[t];
    sums.push_back(sum);
  }
  return sums;
}

Series curve_of(const RunGroup& group, const std::string& metric, const std::string& x) {
  std::map<double, std::pair<std::vector<double>, std::vector<double>>> by_round;  // round -> x's, y's
  for (const auto& run : group.runs) {
    const auto& rounds = run.column("round");
    const auto& values = run.column(metric);
    const auto xs = positions(run, x);
    for (std::size_t t = 0; t < rounds.size(); ++t) {
      if (!std::isfinite(values[t]) || !std::isfinite(xs[t])) continue;
      by_round[rounds[t]].first.push_back(xs[t]);
      by_round[rounds[t]].second.push_back(values[t]);
    }
  }
  Series series;
  series.label =
      group.runs.size() > 1 ? fmt::format("{} ({} runs)", group.label, group.runs.size()) : group.label;
  bool band = false;
  for (const auto& [round, point] : by_round) {
    const double center = mean(point.second);
    const double spread = point.second.size() > 1 ? standard_deviation(point.second) : 0;
    band = band || point.second.size() > 1;
    series.x.push_back(mean(point.first));
    series.y.push_back(center);
    series.low.push_back(center - spread);
    series.high.push_back(center + spread);
  }
  if (!band) {
    series.low.clear();
    series.high.clear();
  }
  return series;
}

std::string words(std::string name) {
  for (auto& c : name)
    if (c == '_') c = ' ';
  return name;
}

}  // namespace

Chart curves(const std::vector<RunGroup>& groups, const std::string& metric, const std::string& x) {
  Chart chart;
  chart.y_label = words(metric);
  chart.x_label = x == "bytes" ? "bytes sent, up and down" : words(x);
  bool any = false;
  for (const auto& group : groups) {
    chart.series.push_back(curve_of(group, metric, x));
    any = any || !chart.series.back().x.empty();
  }
  if (!any) throw DataError(fmt::format("no run has a value of {} yet", metric));
  return chart;
}

}  // namespace fedsim
