// Where an interrupted run goes on.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "record/checkpoint.h"
#include "record/committed_rows.h"

namespace fedsim {

struct ResumePoint {
  Checkpoint checkpoint;
  CommittedRows rows;  // up to the checkpoint's round
};

/// The newest checkpoint of `output` with the rows up to it; nothing where there is nothing to go on from. `here` says
/// what this run is: another config is an error that shows the difference, another machine one that names it.
std::optional<ResumePoint> find_resume_point(const std::filesystem::path& output, const Checkpoint& here,
                                             std::int64_t rounds,
                                             const std::function<void(const std::string&)>& warn);

}  // namespace fedsim
