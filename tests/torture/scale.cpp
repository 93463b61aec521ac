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

Cost cost_of(const Place& place, const std::string& name, const Small& small, Report& report) {
  constexpr double most_seconds = 1800;
  const fs::path config = write_config(place.folder, name, small);
  const fs::path log = place.folder / fmt::format("{}.log", name);
  Child child(place, run_of(config, place.folder / fmt::format("{}.h5", name)), log);
  const double begin = now();
  Cost cost;
  child.until([&] { return text_of(log).find("trainer ") != std::string::npos; });
  cost.start = now() - begin;
  const Ended ended = child.wait(most_seconds);
  cost.peak_kib = ended.peak_kib;
  if (ended.exit != 0) report.wrong.push_back(fmt::format("{}: exit {}: {}", name, ended.exit, text_of(log)));
  return cost;
}

constexpr double most_more = 64;  // MiB

double mib_more(const Cost& cost, const Cost& base, const std::string& what, Report& report) {
  const double more = static_cast<double>(cost.peak_kib - base.peak_kib) / 1024;
  if (more > most_more) report.wrong.push_back(fmt::format("{}: {:.0f} MiB more", what, more));
  return more;
}

}  // namespace

Report million_clients(const Place& place) {
  Report report;
  const auto hundred_of = [&](int clients) {
    return cost_of(place, fmt::format("clients{}", clients),
                   {.algorithm = "fedavg", .optimizer = "sgd", .rounds = 3, .clients = clients, .cohort = 100, .samples = 10},
                   report);
  };
  const Cost few = hundred_of(1000), many = hundred_of(1000000);
  const double more = mib_more(many, few, "a million clients", report);
  if (many.start > 3) report.wrong.push_back(fmt::format("starts after {:.1f} s", many.start));
  report.figures =
      fmt::format("1,000,000 clients: {:.0f} MiB, {:.0f} more than 1,000; starts in {:.2f} s ({:.2f} s)",
                  static_cast<double>(many.peak_kib) / 1024, more, many.start, few.start);
  return report;
}

// All clients take part in two rounds, each with 2.4 KB of its own. FedAvg on the same has everything but these.
Report million_states(const Place& place) {
  Report report;
  const int clients = place.times(1000000, 30000);
  const auto all_of = [&](const std::string& algorithm, const std::string& more) {
    return cost_of(place, algorithm,
                   {.algorithm = algorithm, .optimizer = "sgd", .rounds = 2, .clients = clients, .cohort = clients, .samples = 10,
                    .checkpoint_every = 1, .more = more},
                   report);
  };
  const Cost without = all_of("fedavg", "");
  const Cost with = all_of("scaffold", fmt::format("state_memory = \"{}MiB\"\n", place.times(48, 32)));
  std::error_code absent;
  const auto stored = fs::file_size(place.folder / "scaffold.state", absent);
  const double all = clients * 2440.0;  // bytes: 61 inputs to 10 outputs, float32
  if (absent || static_cast<double>(stored) < all) report.wrong.push_back("the states are not in the store");
  report.figures = fmt::format("{} clients of {:.2f} GB of states, {:.1f} GB on disk: {:.0f} MiB more than without", clients,
                               all / 1e9, static_cast<double>(stored) / 1e9, mib_more(with, without, "states", report));
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
