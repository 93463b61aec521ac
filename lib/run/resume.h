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
  CommittedRows rows;  // up to the checkpoint's round, as a run that had never stopped would have written them
};

struct ResumeRequest {
  std::int64_t rounds = 0;  // of the whole run, which may be more than it had
  std::int64_t evaluate_every = 1;
  bool allow_different_machine = false;
  std::function<void(const std::string&)> warn;
};

/// The newest checkpoint of `output` with the rows up to it; nothing where there is nothing to go on from. `here` says
/// what this run is: another config is an error that shows the difference; another trainer, device, instruction set or
/// LibTorch is one that names it, or is noted in the checkpoint's `resumed_on` where it is allowed.
std::optional<ResumePoint> find_resume_point(const std::filesystem::path& output, const Checkpoint& here,
                                             const ResumeRequest& request);

}  // namespace fedsim
