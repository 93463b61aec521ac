#include "run/resume.h"

#include <fmt/format.h>

#include <set>
#include <sstream>

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

void check_same_machine(const fs::path& output, const Checkpoint& then, const Checkpoint& here) {
  struct Part {
    const char* what;
    const std::string &then, &here;
  };
  for (const Part& part : {Part{"trainer", then.trainer, here.trainer}, Part{"device", then.device, here.device},
                           Part{"instruction set", then.isa, here.isa},
                           Part{"LibTorch version", then.libtorch_version, here.libtorch_version}})
    if (part.then != part.here)
      throw UsageError(fmt::format(
          "--resume: {} was begun with the {} {}, here it is {}: the result would not be that of one run\n"
          "  help: go on where it was begun, or begin anew with --force", output.string(), part.what, part.then, part.here));
}

}  // namespace

std::optional<ResumePoint> find_resume_point(const fs::path& output, const Checkpoint& here, std::int64_t rounds,
                                             const std::function<void(const std::string&)>& warn) {
  auto checkpoint = read_checkpoint(checkpoint_path(output), warn);
  if (!checkpoint) return std::nullopt;
  check_same_config(output, *checkpoint, here);
  check_same_machine(output, *checkpoint, here);
  if (checkpoint->round > rounds)
    throw UsageError(fmt::format("--resume: {} has {} rounds already, and rounds = {}", output.string(),
                                 checkpoint->round, rounds));
  if (!fs::exists(output) && !fs::exists(fs::path(output) += ".part")) return std::nullopt;
  const ResultReader result(output);
  if (result.committed_rounds() <= checkpoint->round) {
    warn(fmt::format("{} has fewer rounds than its checkpoint; beginning anew", output.string()));
    return std::nullopt;
  }
  return ResumePoint{std::move(*checkpoint), read_committed_rows(result, checkpoint->round)};
}

}  // namespace fedsim
