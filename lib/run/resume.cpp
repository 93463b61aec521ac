#include "run/resume.h"

#include <fmt/format.h>

#include <set>
#include <sstream>
#include <vector>

#include "core/error.h"

namespace fedsim {
namespace {

namespace fs = std::filesystem;

/// Lines of `text` that `other` does not have, each behind `mark`.
std::string lines_only_in(const std::string& text, const std::string& other, const char* mark) {
  std::set<std::string> known;
  std::istringstream theirs(other), ours(text);
  std::string line, result;
  while (std::getline(theirs, line)) known.insert(line);
  while (std::getline(ours, line))
    if (!known.contains(line)) result += fmt::format("\n  {} {}", mark, line);
  return result;
}

void check_same_config(const fs::path& output, const Checkpoint& then, const Checkpoint& here) {
  if (then.config_hash == here.config_hash) return;
  throw UsageError(fmt::format(
      "--resume: {} was begun with another config{}{}\n  help: only rounds, threads, name and [output] may differ; "
      "choose another output with -o, or begin anew with --force",
      output.string(), lines_only_in(then.config, here.config, "-"), lines_only_in(here.config, then.config, "+")));
}

/// "isa avx512 -> avx2, ...": how the machine differs from the one before; empty where it does not.
std::string machine_differences(const Checkpoint& then, const Checkpoint& here) {
  struct Part {
    const char* what;
    const std::string &then, &here;
  };
  std::vector<std::string> found;
  for (const Part& part : {Part{"trainer", then.trainer, here.trainer}, Part{"device", then.device, here.device},
                           Part{"instruction set", then.isa, here.isa},
                           Part{"LibTorch", then.libtorch_version, here.libtorch_version}})
    if (part.then != part.here) found.push_back(fmt::format("{} {} -> {}", part.what, part.then, part.here));
  return fmt::format("{}", fmt::join(found, ", "));
}

/// Refuses another machine, or notes it in the checkpoint that the run goes on from.
void settle_machine(const fs::path& output, Checkpoint& then, const Checkpoint& here, const ResumeRequest& request) {
  const std::string different = machine_differences(then, here);
  if (different.empty()) return;
  if (!request.allow_different_machine)
    throw UsageError(fmt::format(
        "--resume: {} was begun on another machine or build: {}\n  note: the result would not be that of one run\n"
        "  help: go on where it was begun; accept it with --allow-different-machine, which the result then says; or "
        "begin anew with --force",
        output.string(), different));
  request.warn(fmt::format("going on after round {} on another machine: {}", then.round, different));
  then.resumed_on += fmt::format("{}after round {}: {}", then.resumed_on.empty() ? "" : "\n", then.round, different);
}

/// Test columns of a round whose turn it is not were written because that round was the last one then.
void drop_evaluations_not_due(std::vector<RoundRow>& rows, const ResumeRequest& request) {
  for (RoundRow& row : rows)
    if (row.round % request.evaluate_every != 0 && row.round != request.rounds)
      row.test_accuracy = row.test_loss = not_evaluated;
}

}  // namespace

std::optional<ResumePoint> find_resume_point(const fs::path& output, const Checkpoint& here,
                                             const ResumeRequest& request) {
  auto checkpoint = read_checkpoint(checkpoint_path(output), request.warn);
  if (!checkpoint) return std::nullopt;
  check_same_config(output, *checkpoint, here);
  settle_machine(output, *checkpoint, here, request);
  if (checkpoint->round > request.rounds)
    throw UsageError(fmt::format("--resume: {} has {} rounds already, and rounds = {}", output.string(),
                                 checkpoint->round, request.rounds));
  if (!fs::exists(output) && !fs::exists(fs::path(output) += ".part")) return std::nullopt;
  const ResultReader result(output, ResultReader::Trust::as_is);
  if (result.committed_rounds() <= checkpoint->round) {
    request.warn(fmt::format("{} has fewer rounds than its checkpoint; beginning anew", output.string()));
    return std::nullopt;
  }
  ResumePoint point{std::move(*checkpoint), read_committed_rows(result, checkpoint->round)};
  drop_evaluations_not_due(point.rows.rounds, request);
  return point;
}

}  // namespace fedsim
