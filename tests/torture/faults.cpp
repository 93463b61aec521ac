// R3, R4: calls that fail, disks that are full.
#include <fmt/format.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>

#include "record/checkpoint.h"
#include "record/result_reader.h"
#include "torture.h"

namespace fedsim::torture {
namespace {

using Digest = std::map<std::string, std::string>;

/// What a failed run left: readable to the rounds that were committed, or nothing.
void check_left(const fs::path& output, const std::string& what, Report& report) {
  try {
    if (fs::exists(output) || fs::exists(fs::path(output) += ".part")) const ResultReader verified(output);
    read_checkpoint(checkpoint_path(output), [](const std::string&) {});
  } catch (const std::exception& error) {
    report.wrong.push_back(fmt::format("{}: unreadable afterwards: {}", what, error.what()));
  }
}

/// Exit 4 with an error that names a file of the folder.
void check_message(int exit, const std::string& text, const fs::path& folder, const std::string& what,
                   Report& report) {
  if (exit != 4 || text.find("error: ") == std::string::npos ||
      text.find(folder.string()) == std::string::npos)
    report.wrong.push_back(fmt::format("{}: exit {}: {}", what, exit, text));
}

/// One way of failing, for every N until a run has none.
struct Sweep {
  const Place& place;
  fs::path config;
  Digest expected;
  Environment fault;
  int faults = 0, refused = 0, borne = 0;

  void run(const std::string& name, Report& report) {
    for (int n = 1;; n += place.quick ? 71 : 1) {
      const fs::path folder = place.folder / "sweep", count = place.folder / "count",
                     log = place.folder / "sweep.log";
      fs::remove_all(folder);
      fs::create_directory(folder);
      Environment environment = fault;
      environment.insert({{"LD_PRELOAD", place.faults.string()},
                          {"FEDSIM_FAULT_UNDER", folder.string()},
                          {"FEDSIM_FAULT_AT", fmt::format("{}", n)},
                          {"FEDSIM_FAULT_COUNT", count.string()}});
      const int exit =
          Child(place, run_of(config, folder / "r.h5", {"--quiet"}), log, environment).wait(30).exit;
      const std::string what = fmt::format("{}, call {}", name, n);
      const long calls = std::atol(text_of(count).c_str());
      if (exit == 0 && calls < n) return;
      ++faults;
      if (exit == 0) {  // of no consequence: say, a lock that could not be removed
        ++borne;
      } else {
        ++refused;
        check_message(exit, text_of(log), folder, what, report);
        check_left(folder / "r.h5", what, report);
      }
      finish_and_compare(place, config, folder / "r.h5", expected, what, report);
    }
  }
};

/// --force over an old result: it is there, whole, until the new one is.
int over_an_old_result(const Place& place, const fs::path& config, const Digest& expected, Report& report) {
  const fs::path folder = place.folder / "sweep", log = place.folder / "sweep.log",
                 count = place.folder / "count";
  golden(place, config, {}, {"--set", "seed=9"});
  const fs::path old = place.folder / fmt::format("golden-{}.h5", config.stem().string());
  const Digest before = digest(old);
  int faults = 0;
  for (int n = 1;; n += place.quick ? 97 : 1, ++faults) {
    fs::remove_all(folder);
    fs::create_directory(folder);
    fs::copy_file(old, folder / "r.h5");
    const Environment environment{{"LD_PRELOAD", place.faults.string()},
                                  {"FEDSIM_FAULT_UNDER", folder.string()},
                                  {"FEDSIM_FAULT_AT", fmt::format("{}", n)},
                                  {"FEDSIM_FAULT_COUNT", count.string()}};
    const int exit =
        Child(place, run_of(config, folder / "r.h5", {"--quiet", "--force"}), log, environment).wait(30).exit;
    const std::string what = fmt::format("EIO over an old result, call {}", n);
    if (exit == 0 && std::atol(text_of(count).c_str()) < n) return faults;
    try {
      const Digest now = digest(folder / "r.h5");
      if (now != expected && (exit == 0 || now != before))
        report.wrong.push_back(fmt::format("{}: another result", what));
    } catch (const std::exception& error) {
      report.wrong.push_back(fmt::format("{}: {}", what, error.what()));
    }
    if (exit != 0) check_message(exit, text_of(log), folder, what, report);
  }
}

}  // namespace

Report failing_calls(const Place& place) {
  Report report;
  const fs::path config = write_config(
      place.folder, "faults", {.rounds = 3, .clients = 6, .cohort = 3, .samples = 20, .checkpoint_every = 2});
  const Digest expected = golden(place, config);
  Sweep eio{place, config, expected, {{"FEDSIM_FAULT_ERRNO", "EIO"}}};
  eio.run("EIO once", report);
  Sweep full{place, config, expected, {{"FEDSIM_FAULT_ERRNO", "ENOSPC"}, {"FEDSIM_FAULT_FROM", "1"}}};
  full.run("ENOSPC from then on", report);
  const int old = over_an_old_result(place, config, expected, report);
  report.figures = fmt::format(
      "{} calls failed (EIO {}, ENOSPC {}, {} over an old result): {} exits 4, {} borne, all resumed but {}",
      eio.faults + full.faults + old, eio.faults, full.faults, old, eio.refused + full.refused,
      eio.borne + full.borne, report.wrong.size());
  return report;
}

namespace {

/// A run that a limit stops; then the same without.
void stopped_by_limit(const Place& place, const fs::path& config, const Digest& expected, std::uint64_t bytes,
                      int& stopped, Report& report) {
  const fs::path folder = place.folder / fmt::format("limit{}", bytes), log = place.folder / "limit.log";
  fs::create_directory(folder);
  Child::Limits limits;
  limits.file_bytes = bytes;
  const int exit = Child(place, run_of(config, folder / "r.h5", {"--quiet"}), log, {}, limits).wait(60).exit;
  const std::string what = fmt::format("files of {} KiB at most", bytes / 1024);
  if (exit == 0) return;
  ++stopped;
  check_message(exit, text_of(log), folder, what, report);
  check_left(folder / "r.h5", what, report);
  finish_and_compare(place, config, folder / "r.h5", expected, what, report);
}

/// 256 KiB of memory as a disk, of which `taken` KiB are taken already.
void on_a_small_disk(const Place& place, const fs::path& config, const Digest& expected, int taken,
                     int& stopped, Report& report) {
  const fs::path disk = place.folder / "disk", log = place.folder / "disk.log",
                 copy = place.folder / "disk-copy";
  fs::create_directory(disk);
  if (mount("fedsim-test", disk.c_str(), "tmpfs", 0, "size=256k") != 0) throw std::runtime_error("mount");
  std::ofstream(disk / "filler") << std::string(static_cast<std::size_t>(taken) * 1024, 'x');
  const int exit = Child(place, run_of(config, disk / "r.h5", {"--quiet"}), log).wait(60).exit;
  const std::string what = fmt::format("256 KiB with {} taken", taken);
  std::error_code ignored;
  fs::remove_all(copy, ignored);
  fs::copy(disk, copy, fs::copy_options::recursive);
  const std::string text = text_of(log);
  umount2(disk.c_str(), MNT_DETACH);
  if (exit == 0) return;
  ++stopped;
  check_message(exit, text, disk, what, report);
  check_left(copy / "r.h5", what, report);
  finish_and_compare(place, config, copy / "r.h5", expected, what, report);
}

}  // namespace

Report full_disk(const Place& place) {
  Report report;
  const fs::path config =
      write_config(place.folder, "disk",
                   {.rounds = 40, .clients = 10, .cohort = 3, .samples = 20, .more = "per_client = false\n"});
  const Digest expected = golden(place, config);
  int limited = 0, small = 0, disks = 0;
  for (std::uint64_t kib = 2; kib <= 256; kib += place.quick ? 90 : 6)
    stopped_by_limit(place, config, expected, kib * 1024, limited, report);
  std::string disk = "tmpfs left out (mounting needs root)";
  const fs::path probe = place.folder / "disk";
  fs::create_directory(probe);
  if (geteuid() == 0 && mount("fedsim-test", probe.c_str(), "tmpfs", 0, "size=256k") == 0) {
    umount2(probe.c_str(), MNT_DETACH);
    for (int taken = 0; taken < 256; taken += place.quick ? 128 : 12, ++disks)
      on_a_small_disk(place, config, expected, taken, small, report);
    disk = fmt::format("{} of {} runs on a 256 KiB tmpfs", small, disks);
  }
  report.figures = fmt::format("exit 4 of {} runs by RLIMIT_FSIZE and {}; {} unreadable or not resumable",
                               limited, disk, report.wrong.size());
  return report;
}

}  // namespace fedsim::torture
