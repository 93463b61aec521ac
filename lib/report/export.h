// Results for other tools: CSV with a heading, or one JSON object a line.
#pragma once

#include <string>

#include "report/run_data.h"

namespace fedsim {

/// The columns of /rounds, `round` first. format: csv (a value that is not there is an empty field) or jsonl
/// (null).
std::string export_rounds(const RunData& run, const std::string& format);

}  // namespace fedsim
