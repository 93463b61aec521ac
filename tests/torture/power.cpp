// R12: power loss. The calls of a run are recorded (tests/faults), and disks are made as a loss of power may
// leave them: what was synced is there; of what was not, any 4 KiB page may be missing, in any combination;
// of the names that changed since the last sync of their folder, the first few have.
#include <fmt/format.h>

#include <fstream>
#include <memory>
#include <set>
#include <sstream>

#include "record/checkpoint.h"
#include "record/result_reader.h"
#include "torture.h"

namespace fedsim::torture {
namespace {

constexpr std::size_t page = 4096;

struct Call {
  std::string what, path, other;
  std::size_t offset = 0, size = 0;
  std::string bytes;
};

std::vector<Call> read_log(const fs::path& path) {
  const std::string text = text_of(path);
  std::vector<Call> calls;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    std::istringstream words(text.substr(at, end - at));
    at = end + 1;
    Call call;
    std::getline(words, call.what, '\t');
    std::getline(words, call.path, '\t');
    if (call.what == "rename") std::getline(words, call.other, '\t');
    if (call.what == "truncate") words >> call.size;
    if (call.what == "write") {
      words >> call.offset >> call.size;
      call.bytes = text.substr(at, call.size);
      at += call.size;
    }
    calls.push_back(call);
  }
  return calls;
}

/// One file of the disk: what is on it for sure, and what may be.
struct File {
  std::string synced, current;
  std::set<std::size_t> dirty;  // pages that differ

  void write(const Call& call) {
    if (current.size() < call.offset + call.size) current.resize(call.offset + call.size, '\0');
    current.replace(call.offset, call.size, call.bytes);
    for (std::size_t p = call.offset / page; p <= (call.offset + call.size - 1) / page; ++p) dirty.insert(p);
  }
  void cut(std::size_t size) {
    for (std::size_t p = size / page; p <= current.size() / page; ++p) dirty.insert(p);
    current.resize(size, '\0');
  }
  void sync() {
    synced = current;
    dirty.clear();
  }
  std::string after_loss(Random& random) const {
    // The length is metadata of its own: the old or the new one.
    std::string left = synced;
    if (current.size() != synced.size() && random.below(2) == 0) left.resize(current.size(), '\0');
    for (const std::size_t p : dirty) {
      const std::size_t first = p * page;
      if (random.below(2) == 0 || first >= left.size() || first >= current.size()) continue;
      const std::size_t size = std::min({page, left.size() - first, current.size() - first});
      left.replace(first, size, current, first, size);
    }
    return left;
  }
};

using Names = std::map<std::string, std::shared_ptr<File>>;

/// The disk after the first calls.
struct Disk {
  Names now;
  std::vector<Names> since_sync;  // of the folder: [0] is on the disk for sure
  std::string folder;

  void changed() { since_sync.push_back(now); }
  void apply(const Call& call) {
    if (call.what == "sync" && call.path == folder) {
      since_sync = {now};
      return;
    }
    if (call.what == "open") {
      if (!now.contains(call.path)) now[call.path] = std::make_shared<File>(), changed();
      return;
    }
    const auto found = now.find(call.path);
    if (found == now.end()) return;
    const auto file = found->second;
    if (call.what == "write") file->write(call);
    if (call.what == "truncate") file->cut(call.size);
    if (call.what == "sync") file->sync();
    if (call.what == "rename") now.erase(found), now[call.other] = file, changed();
    if (call.what == "unlink") now.erase(found), changed();
  }
};

/// Writes what a loss of power after `count` calls leaves into `into`.
void lose_power(const std::vector<Call>& calls, std::size_t count, const fs::path& from, const fs::path& into,
                Random& random) {
  Disk disk{.now = {}, .since_sync = {Names{}}, .folder = from.string()};
  for (std::size_t i = 0; i < count; ++i) disk.apply(calls[i]);
  const Names names = disk.since_sync[random.below(disk.since_sync.size())];
  fs::remove_all(into);
  fs::create_directory(into);
  for (const auto& [path, file] : names)
    std::ofstream(into / fs::path(path).filename(), std::ios::binary) << file->after_loss(random);
}

}  // namespace

Report power_loss(const Place& place) {
  Report report;
  const fs::path config = write_config(place.folder, "power", {.rounds = 30}), from = place.folder / "from",
                 into = place.folder / "into";
  const auto expected = golden(place, config);
  fs::create_directory(from);
  const Environment recorded{{"LD_PRELOAD", place.faults.string()},
                             {"FEDSIM_FAULT_UNDER", from.string()},
                             {"FEDSIM_FAULT_LOG", (place.folder / "calls").string()}};
  if (Child(place, run_of(config, from / "r.h5", {"--quiet"}), place.folder / "power.log", recorded)
          .wait()
          .exit != 0)
    throw std::runtime_error(fmt::format("the recorded run failed: {}", text_of(place.folder / "power.log")));
  const auto calls = read_log(place.folder / "calls");
  Random random(place.seed, Purpose::update, 12);
  const int times = place.times(200, 4);
  const ResultReader whole(place.folder / "golden-power.h5");
  int absent = 0, verified = 0, told = 0, checkpoints = 0;
  for (int i = 0; i < times; ++i) {
    const std::size_t count = random.below(calls.size() + 1);
    lose_power(calls, count, from, into, random);
    const fs::path output = into / "r.h5";
    const std::string what = fmt::format("power lost after call {} of {} ({})", count, calls.size(), i);
    try {
      if (read_checkpoint(checkpoint_path(output), [](const std::string&) {})) ++checkpoints;
    } catch (const std::exception& error) {
      report.wrong.push_back(fmt::format("{}: no checkpoint loads: {}", what, error.what()));
    }
    if (!fs::exists(output) && !fs::exists(fs::path(output) += ".part")) {
      ++absent;
    } else {
      try {
        const ResultReader left(output);
        ++verified;
        if (const auto wrong = first_wrong_value(left, whole); !wrong.empty())
          report.wrong.push_back(fmt::format("{}: {}", what, wrong));
      } catch (const std::exception&) {
        ++told;  // rounds of the last second, which were not on the disk: said so
      }
    }
    finish_and_compare(place, config, output, expected, what, report);
  }
  report.figures = fmt::format(
      "{} replays of {} calls: {} with a checkpoint that loads, result absent {}, verified {}, damage "
      "told {}; {} wrong or not resumed to the same bytes",
      times, calls.size(), checkpoints, absent, verified, told, report.wrong.size());
  return report;
}

}  // namespace fedsim::torture
