// R8: bits that flip.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "record/checkpoint.h"
#include "record/result_reader.h"
#include "torture.h"

namespace fedsim::torture {
namespace {

enum class Verdict { found = 0, harmless = 1, silent = 2 };

/// `judge` in a process of its own: a reader that crashes on a damaged file must not take us with it. Exit or
/// 128 + n.
int apart(const std::function<Verdict()>& judge) {
  const int process = fork();
  if (process < 0) throw std::runtime_error("fork failed");
  if (process == 0) {
    alarm(20);
    _exit(static_cast<int>(judge()));
  }
  int status = 0;
  if (waitpid(process, &status, 0) != process) throw std::runtime_error("waitpid failed");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Verdict judge_result(const fs::path& file, const std::map<std::string, std::string>& expected,
                     const std::map<std::string, hdf5::AttributeValue>& attributes) {
  try {
    const auto sums = digest(file);
    return sums == expected && ResultReader(file).attributes() == attributes ? Verdict::harmless
                                                                             : Verdict::silent;
  } catch (const std::exception&) {
    return Verdict::found;
  }
}

Verdict judge_checkpoint(const fs::path& file) {
  try {
    const auto read = read_checkpoint(file, [](const std::string&) {});
    return read ? Verdict::silent : Verdict::found;
  } catch (const std::exception&) {
    return Verdict::found;
  }
}

struct Counts {
  int found = 0, harmless = 0;
};

Counts flip(const Place& place, const fs::path& good, const std::string& what,
            const std::function<Verdict(const fs::path&)>& judge, Report& report) {
  Counts counts;
  const std::string bytes = text_of(good);
  const fs::path bad = place.folder / fmt::format("bad{}", good.extension().string());
  Random random(place.seed, Purpose::update, 8);
  for (int i = 0; i < place.times(200, 40); ++i) {
    std::string copy = bytes;
    const auto at = random.below(bytes.size());
    const auto bit = random.below(8);
    copy[at] = static_cast<char>(copy[at] ^ (1 << bit));
    std::ofstream(bad, std::ios::binary) << copy;
    const int verdict = apart([&] { return judge(bad); });
    if (verdict == 0) ++counts.found;
    if (verdict == 1) ++counts.harmless;
    if (verdict > 1)
      report.wrong.push_back(fmt::format("{}: bit {} of byte {}: {}", what, bit, at,
                                         verdict == 2 ? "silent" : fmt::format("crash, {}", verdict)));
  }
  return counts;
}

}  // namespace

Report bit_flips(const Place& place) {
  Report report;
  const fs::path config = write_config(place.folder, "flips", {.rounds = 12});
  const auto expected = golden(place, config);
  const fs::path result = place.folder / "golden-flips.h5";
  const auto attributes = ResultReader(result).attributes();
  const Counts in_result = flip(
      place, result, "result", [&](const fs::path& f) { return judge_result(f, expected, attributes); },
      report);
  const Counts in_checkpoint = flip(place, checkpoint_path(result), "checkpoint", judge_checkpoint, report);
  report.figures = fmt::format(
      "result: {} found, {} without effect on any value; checkpoint: {} found, {} without; {} silent",
      in_result.found, in_result.harmless, in_checkpoint.found, in_checkpoint.harmless, report.wrong.size());
  return report;
}

}  // namespace fedsim::torture
