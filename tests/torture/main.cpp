// usage: fedsim_torture --binary FEDSIM --faults LIBRARY [--quick] [--seed N] [R1 R3 ...]. Prints a row for
// each trial; exit 1 where one fails.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "torture.h"

namespace {

using namespace fedsim::torture;

struct Entry {
  const char *id, *what;
  Trial trial;
};

constexpr Entry entries[] = {
    {"R1", "SIGKILL at random instants", kills},
    {"R2", "SIGKILL in each round, then --resume", kill_each_round},
    {"R3", "the Nth call fails, for every N", failing_calls},
    {"R4", "full disk, limit of file sizes", full_disk},
    {"R5", "SIGTERM, SIGUSR1, SIGINT at random instants", signals},
    {"R6", "numbers of threads", threads},
    {"R7", "orders of clients", shuffled},
    {"R8", "flipped bits", bit_flips},
    {"R9", "a million clients", million_clients},
    {"R9s", "a million clients with states", million_states},
    {"R10", "a thousand rounds", thousand_rounds},
    {"R11", "many runs in one folder", one_folder},
    {"R12", "power loss, replayed", power_loss},
};

/// A folder that goes at the end, unless the trial failed: then it is named.
Report in_a_folder(const Entry& entry, Place place, fs::path& kept) {
  std::string pattern =
      (fs::temp_directory_path() / fmt::format("fedsim-torture-{}-XXXXXX", entry.id)).string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("can't make a temporary folder");
  place.folder = pattern;
  Report report;
  try {
    report = entry.trial(place);
  } catch (const std::exception& error) {
    report.wrong.push_back(error.what());
  }
  std::error_code ignored;
  if (report.wrong.empty()) fs::remove_all(place.folder, ignored);
  kept = report.wrong.empty() ? fs::path() : place.folder;
  return report;
}

int torture(const Place& place, const std::vector<std::string>& wanted) {
  int failed = 0;
  fmt::print("| id | trial | figures | seconds | verdict |\n|---|---|---|---|---|\n");
  for (const Entry& entry : entries) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), entry.id) == wanted.end()) continue;
    fs::path kept;
    const double begin = now();
    const Report report = in_a_folder(entry, place, kept);
    fmt::print("| {} | {} | {} | {:.0f} | {} |\n", entry.id, entry.what, report.figures, now() - begin,
               report.wrong.empty() ? "pass" : "**FAIL**");
    std::fflush(stdout);
    if (report.wrong.empty()) continue;
    ++failed;
    fmt::print(stderr, "{}: {} wrong, files in {}\n", entry.id, report.wrong.size(), kept.string());
    for (std::size_t i = 0; i < std::min<std::size_t>(report.wrong.size(), 20); ++i)
      fmt::print(stderr, "  {}\n", report.wrong[i]);
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Place place;
  std::vector<std::string> wanted;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool more = i + 1 < argc;
    if (word == "--quick")
      place.quick = true;
    else if (word == "--binary" && more)
      place.binary = argv[++i];
    else if (word == "--faults" && more)
      place.faults = argv[++i];
    else if (word == "--seed" && more)
      place.seed = std::strtoull(argv[++i], nullptr, 10);
    else if (std::any_of(std::begin(entries), std::end(entries),
                         [&](const Entry& e) { return word == e.id; }))
      wanted.push_back(word);
    else {
      fmt::print(
          stderr,
          "usage: fedsim_torture --binary FEDSIM --faults LIBRARY [--quick] [--seed N] [R1 ... R12]\n");
      return 2;
    }
  }
  if (!fs::exists(place.binary) || !fs::exists(place.faults)) {
    fmt::print(stderr, "error: --binary and --faults must name files\n");
    return 2;
  }
  return torture(place, wanted);
}
