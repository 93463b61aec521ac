// R1, R2, R5: SIGKILL and signals.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "record/result_reader.h"
#include "torture.h"

namespace fedsim::torture {
namespace {

bool handles_signals(int process) {
  std::ifstream status(fmt::format("/proc/{}/status", process));
  std::string word;
  while (status >> word)
    if (word == "SigCgt:" && status >> word)
      return (std::stoull(word, nullptr, 16) & (1ull << (SIGTERM - 1))) != 0;
  return false;
}

std::size_t rounds_logged(const fs::path& output) {
  return count_of(text_of(fs::path(output).replace_extension(".jsonl")), "\n");
}

}  // namespace

Report kills(const Place& place) {
  Report report;
  const fs::path config = write_config(place.folder, "kills", {.rounds = 150, .samples = 300});
  golden(place, config);
  const ResultReader whole(place.folder / "golden-kills.h5");
  const double length =
      Child(place, run_of(config, place.folder / "length.h5"), place.folder / "length.log").wait().seconds;
  Random random(place.seed, Purpose::update);
  const int times = place.times(200, 4);
  int unreadable = 0, lost = 0, before = 0, after = 0;
  std::int64_t rounds = 0;
  for (int i = 0; i < times; ++i) {
    const fs::path output = place.folder / fmt::format("k{}.h5", i), log = place.folder / "kill.log";
    {
      Child child(place, run_of(config, output), log);
      sleep(length * random.uniform());
      child.signal(SIGKILL);
      child.wait(10);
    }
    const auto printed = static_cast<std::int64_t>(count_of(text_of(log), fmt::format("/{}  ", 150)));
    const std::string what = fmt::format("kill {}", i);
    if (!fs::exists(output) && !fs::exists(fs::path(output) += ".part")) {
      ++before;
      if (printed > 0)
        ++lost, report.wrong.push_back(fmt::format("{}: {} rounds printed, no file", what, printed));
      continue;
    }
    try {
      const ResultReader left(output);
      after += left.status() == "complete" ? 1 : 0;
      rounds += left.committed_rounds();
      if (left.committed_rounds() < printed) {
        ++lost;
        report.wrong.push_back(
            fmt::format("{}: {} rounds printed, {} committed", what, printed, left.committed_rounds()));
      }
      if (const auto wrong = first_wrong_value(left, whole); !wrong.empty())
        report.wrong.push_back(fmt::format("{}: {}", what, wrong));
    } catch (const std::exception& error) {
      ++unreadable;
      report.wrong.push_back(fmt::format("{}: {}", what, error.what()));
    }
  }
  const auto wrong = static_cast<int>(report.wrong.size()) - unreadable - lost;
  report.figures = fmt::format(
      "{} kills ({} before the file, {} after the end; {} rounds on disk): {} unreadable, {} lost a "
      "round, {} wrong",
      times, before, after, rounds, unreadable, lost, wrong);
  return report;
}

Report kill_each_round(const Place& place) {
  Report report;
  std::vector<Small> cases{{.algorithm = "scaffold"},
                           {.algorithm = "fedavg", .optimizer = "sgd"},
                           {.algorithm = "fedavg", .optimizer = "adam"},
                           {.algorithm = "fednova", .optimizer = "sgd"}};
  if (place.quick) cases.resize(1);
  int resumed = 0;
  std::string names;
  for (auto small : cases) {
    small.rounds = 50;
    const std::string name = fmt::format("{}-{}", small.algorithm, small.optimizer);
    const fs::path config = write_config(place.folder, name, small);
    const auto expected = golden(place, config);
    for (std::size_t round = 1; round <= 50; round += place.quick ? 24 : 1) {
      const fs::path output = place.folder / fmt::format("{}-{}.h5", name, round);
      {
        Child child(place, run_of(config, output, {"--quiet"}), place.folder / "kill.log");
        child.until([&] { return rounds_logged(output) >= round; });
        child.signal(SIGKILL);
        child.wait(10);
      }
      finish_and_compare(place, config, output, expected, fmt::format("{}, killed in round {}", name, round),
                         report);
      ++resumed;
    }
    names += (names.empty() ? "" : ", ") + name;
  }
  report.figures = fmt::format("{} kills ({}): {} not equal to the uninterrupted run", resumed, names,
                               report.wrong.size());
  return report;
}

Report signals(const Place& place) {
  Report report;
  const fs::path config = write_config(place.folder, "signals", {.rounds = 150, .samples = 300});
  const auto expected = golden(place, config);
  const double length =
      Child(place, run_of(config, place.folder / "length.h5"), place.folder / "length.log").wait().seconds;
  Random random(place.seed, Purpose::update, 5);
  const int times = place.times(50, 3);
  int ended_before = 0;
  double slowest = 0;
  for (int i = 0; i < times; ++i) {
    const int number = std::array{SIGTERM, SIGUSR1, SIGINT}[static_cast<std::size_t>(i % 3)];
    const int code = number == SIGINT ? 130 : 75;
    const std::string what = fmt::format("signal {} ({})", number, i);
    const fs::path output = place.folder / fmt::format("s{}.h5", i);
    Child child(place, run_of(config, output, {"--quiet"}), place.folder / "signal.log");
    child.until([&] { return handles_signals(child.id()); });  // before main nobody can
    sleep(0.8 * length * random.uniform());
    const double sent = now();
    child.signal(number);
    const int exit = child.wait(20).exit;
    const double took = now() - sent;
    if (exit == 0) {
      ++ended_before;
      continue;
    }
    slowest = std::max(slowest, took);
    if (exit != code)
      report.wrong.push_back(
          fmt::format("{}: exit {}: {}", what, exit, text_of(place.folder / "signal.log")));
    if (took > 2) report.wrong.push_back(fmt::format("{}: took {:.1f} s", what, took));
    finish_and_compare(place, config, output, expected, what, report);
  }
  report.figures =
      fmt::format("{} signals ({} after the end): slowest exit {:.2f} s, {} wrong or not resumable", times,
                  ended_before, slowest, report.wrong.size());
  return report;
}

}  // namespace fedsim::torture
