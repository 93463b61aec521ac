#include "report/comparison.h"

#include <cmath>
#include <limits>
#include <map>

#include "report/statistics.h"

namespace fedsim {
namespace {

Spread spread(const std::vector<double>& values) { return {mean(values), standard_deviation(values)}; }

std::map<std::string, double> last_by_seed(const RunGroup& group, const std::string& metric) {
  std::map<std::string, double> values;
  for (const auto& run : group.runs) {
    const auto seed = run.attributes.find("seed");
    if (seed != run.attributes.end()) values[seed->second] = last_value(run, metric);
  }
  return values;
}

void add_pairs(ComparisonRow& row, const RunGroup& first, const RunGroup& group, const std::string& metric) {
  const auto ours = last_by_seed(group, metric), theirs = last_by_seed(first, metric);
  std::vector<double> differences;
  for (const auto& [seed, value] : ours)
    if (const auto other = theirs.find(seed); other != theirs.end())
      differences.push_back(value - other->second);
  row.pairs = differences.size();
  row.difference = mean(differences);
  const double half = confidence_half_width(differences);
  row.low = row.difference - half;
  row.high = row.difference + half;
}

}  // namespace

double best_value(const RunData& run, const std::string& metric) {
  double best = std::numeric_limits<double>::quiet_NaN();
  const double sign = direction(metric);
  for (const double value : run.column(metric))
    if (!std::isnan(value) && (std::isnan(best) || sign * value > sign * best)) best = value;
  return best;
}

double last_value(const RunData& run, const std::string& metric) {
  const auto& values = run.column(metric);
  for (auto value = values.rbegin(); value != values.rend(); ++value)
    if (!std::isnan(*value)) return *value;
  return std::numeric_limits<double>::quiet_NaN();
}

std::optional<Cost> cost_to_target(const RunData& run, const std::string& metric, double target) {
  const auto &values = run.column(metric), &rounds = run.column("round"), &up = run.column("bytes_up"),
             &down = run.column("bytes_down"), &seconds = run.column("seconds");
  const double sign = direction(metric);
  Cost cost;
  for (std::size_t t = 0; t < values.size(); ++t) {
    cost.round = rounds[t];
    cost.bytes += up[t] + down[t];
    cost.seconds += seconds[t];
    if (sign * values[t] >= sign * target) return cost;
  }
  return std::nullopt;
}

Comparison compare(const std::vector<RunGroup>& groups, const std::string& metric,
                   std::optional<double> target) {
  Comparison result{metric, target, {}};
  for (const auto& group : groups) {
    ComparisonRow row;
    row.label = group.label;
    row.runs = group.runs.size();
    std::vector<double> best, last, rounds, bytes, seconds;
    for (const auto& run : group.runs) {
      best.push_back(best_value(run, metric));
      last.push_back(last_value(run, metric));
      if (!target) continue;
      if (const auto cost = cost_to_target(run, metric, *target)) {
        rounds.push_back(cost->round);
        bytes.push_back(cost->bytes);
        seconds.push_back(cost->seconds);
      }
    }
    row.best = spread(best);
    row.last = spread(last);
    row.reached = rounds.size();
    row.rounds = spread(rounds);
    row.bytes = spread(bytes);
    row.seconds = spread(seconds);
    if (&group != &groups.front()) add_pairs(row, groups.front(), group, metric);
    result.rows.push_back(row);
  }
  return result;
}

}  // namespace fedsim
