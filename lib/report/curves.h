// From runs to a chart: one curve a group, with a band of one standard deviation over its seeds.
#pragma once

#include <string>
#include <vector>

#include "report/chart.h"
#include "report/run_data.h"

namespace fedsim {

/// x: round, bytes, seconds or simulated_seconds; the first two of a group's runs are summed up and averaged
/// over its seeds. Rounds where the metric was not evaluated are left out. Throws DataError where nothing is
/// left.
Chart curves(const std::vector<RunGroup>& groups, const std::string& metric, const std::string& x);

}  // namespace fedsim
