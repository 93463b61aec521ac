// R9, R10: what many clients and many rounds cost.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

#include "torture.h"

namespace fedsim::torture {
namespace {

struct Usage {
  long resident_kib = 0, threads = 0, descriptors = 0;
};

Usage usage_of(int process) {
  Usage usage;
  std::ifstream status(fmt::format("/proc/{}/status", process));
  std::string line;
  while (std::getline(status, line)) {
    std::istringstream words(line);
    std::string name;
    long value = 0;
    words >> name >> value;
    if (name == "VmRSS:") usage.resident_kib = value;
    if (name == "Threads:") usage.threads = value;
  }
  std::error_code gone;
  for (fs::directory_iterator entry(fmt::format("/proc/{}/fd", process), gone), end; !gone && entry != end;
       entry.increment(gone))
    ++usage.descriptors;
  return usage;
}

/// At a moment when no checkpoint is being written: the least of several looks.
Usage quiet_usage_of(int process) {
  Usage least = usage_of(process);
  for (int i = 0; i < 20; ++i) {
    sleep(0.0007);
    const Usage usage = usage_of(process);
    if (usage.descriptors > 0) least.descriptors = std::min(least.descriptors, usage.descriptors);
  }
  return least;
}

struct Cost {
  double start = 0;  // seconds until the first round is about to begin
  long peak_kib = 0;
};

Cost cost_of(const Place& place, int clients, Report& report) {
  const fs::path config = write_config(place.folder, fmt::format("clients{}", clients),
                                       {.algorithm = "fedavg",
                                        .optimizer = "sgd",
                                        .rounds = 3,
                                        .clients = clients,
                                        .cohort = 100,
                                        .samples = 10});
  const fs::path log = place.folder / fmt::format("clients{}.log", clients);
  Child child(place, run_of(config, place.folder / fmt::format("clients{}.h5", clients)), log);
  const double begin = now();
  Cost cost;
  child.until([&] { return text_of(log).find("trainer ") != std::string::npos; });
  cost.start = now() - begin;
  const Ended ended = child.wait();
  cost.peak_kib = ended.peak_kib;
  if (ended.exit != 0)
    report.wrong.push_back(fmt::format("{} clients: exit {}: {}", clients, ended.exit, text_of(log)));
  return cost;
}

}  // namespace

Report million_clients(const Place& place) {
  Report report;
  const Cost few = cost_of(place, 1000, report), many = cost_of(place, 1000000, report);
  const double more = static_cast<double>(many.peak_kib - few.peak_kib) / 1024;
  if (more > 64) report.wrong.push_back(fmt::format("{:.0f} MiB more than with 1,000 clients", more));
  if (many.start > 3) report.wrong.push_back(fmt::format("starts after {:.1f} s", many.start));
  report.figures =
      fmt::format("1,000,000 clients: {:.0f} MiB, {:.0f} more than 1,000; starts in {:.2f} s ({:.2f} s)",
                  static_cast<double>(many.peak_kib) / 1024, more, many.start, few.start);
  return report;
}

Report thousand_rounds(const Place& place) {
  Report report;
  const int rounds = place.times(1000, 200);
  const fs::path config =
      write_config(place.folder, "rounds", {.rounds = rounds, .samples = 60, .checkpoint_every = 10});
  const fs::path output = place.folder / "rounds.h5", log = place.folder / "rounds.log";
  Child child(place, run_of(config, output), log);
  const auto at_round = [&](int round) {
    child.until([&] {
      return text_of(log).find(fmt::format("{:>{}}/{}  ", round, fmt::formatted_size("{}", rounds),
                                           rounds)) != std::string::npos;
    });
    return quiet_usage_of(child.id());
  };
  const Usage early = at_round(rounds / 10), late = at_round(rounds - rounds / 50);
  const int exit = child.wait().exit;
  if (exit != 0 || late.resident_kib == 0)
    report.wrong.push_back(fmt::format("exit {}: {}", exit, text_of(log)));
  const long grown = late.resident_kib - early.resident_kib;
  if (grown > 1024) report.wrong.push_back(fmt::format("grew by {} KiB", grown));
  if (late.threads > early.threads || late.descriptors > early.descriptors)  // early ones may still read the data
    report.wrong.push_back(fmt::format("threads {} to {}, descriptors {} to {}", early.threads, late.threads,
                                       early.descriptors, late.descriptors));
  report.figures = fmt::format(
      "{} rounds: resident {} KiB after {} rounds, {:+} KiB at the end; {} descriptors, {} threads at both",
      rounds, early.resident_kib, rounds / 10, grown, late.descriptors, late.threads);
  return report;
}

}  // namespace fedsim::torture
