// A table over groups of runs: best, last, what a target costs, and paired differences to the first group.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/run_data.h"

namespace fedsim {

struct Spread {
  double mean = 0, sd = 0;  // sd NaN for a single run
};

/// What it took one run to reach a target; nothing where it never did.
struct Cost {
  double round = 0, bytes = 0,
         seconds = 0;  // bytes up and down, wall clock, both summed over the rounds so far
};
std::optional<Cost> cost_to_target(const RunData& run, const std::string& metric, double target);

/// Best and last evaluated value of a run; NaN where it was never evaluated.
double best_value(const RunData& run, const std::string& metric);
double last_value(const RunData& run, const std::string& metric);

struct ComparisonRow {
  std::string label;
  std::size_t runs = 0;
  Spread best, last;
  std::size_t reached = 0;  // runs that met the target; the costs are means over those
  Spread rounds, bytes, seconds;
  std::size_t pairs = 0;     // seeds in common with the first group
  double difference = 0;     // of `last` to the first group, mean over those seeds
  double low = 0, high = 0;  // 95 % confidence interval (Student t); NaN below two pairs
};

struct Comparison {
  std::string metric;
  std::optional<double> target;
  std::vector<ComparisonRow> rows;
};

Comparison compare(const std::vector<RunGroup>& groups, const std::string& metric,
                   std::optional<double> target);

/// format: text, csv, json or markdown.
std::string format_comparison(const Comparison& comparison, const std::string& format);

}  // namespace fedsim
