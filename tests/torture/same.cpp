// R6, R7, R11: the same bits on any number of threads, in any order, beside others.
#include <fmt/format.h>

#include <memory>

#include "torture.h"

namespace fedsim::torture {
namespace {

using Digest = std::map<std::string, std::string>;

struct Trials {
  const Place& place;
  Report& report;
  int runs = 0;
  void expect_same(const fs::path& config, const Digest& expected, const std::string& what,
                   const Environment& environment, const std::vector<std::string>& more) {
    ++runs;
    if (golden(place, config, environment, more) != expected)
      report.wrong.push_back(fmt::format("{}: other values", what));
  }
};

std::vector<fs::path> configs(const Place& place, const std::string& name) {
  std::vector<fs::path> result{write_config(place.folder, fmt::format("{}-scaffold", name), {.rounds = 20})};
  if (place.quick) return result;
  result.push_back(write_config(place.folder, fmt::format("{}-fedadam", name),
                                {.algorithm = "fedavg", .optimizer = "adam", .rounds = 20}));
  result.push_back(write_config(place.folder, fmt::format("{}-fednova", name),
                                {.algorithm = "fednova", .optimizer = "sgd", .rounds = 20}));
  return result;
}

}  // namespace

Report threads(const Place& place) {
  Report report;
  Trials trials{place, report};
  for (const auto& config : configs(place, "threads")) {
    const Digest expected = golden(place, config, {}, {"--threads", "1"});
    for (const char* count : {"1", "2", "4", "8"})
      for (int repeat = 0; repeat < place.times(3, 1); ++repeat)
        trials.expect_same(config, expected, fmt::format("{}, {} threads", config.stem().string(), count), {},
                           {"--threads", count});
  }
  report.figures = fmt::format("{} runs on 1, 2, 4, 8 threads: {} differ", trials.runs, report.wrong.size());
  return report;
}

Report shuffled(const Place& place) {
  Report report;
  Trials trials{place, report};
  for (const auto& config : configs(place, "shuffled")) {
    const Digest expected = golden(place, config);
    for (int seed = 1; seed <= place.times(10, 2); ++seed)
      trials.expect_same(config, expected, fmt::format("{}, order {}", config.stem().string(), seed),
                         {{"FEDSIM_SHUFFLE_CLIENTS", fmt::format("{}", seed)}},
                         {"--threads", seed % 2 == 0 ? "3" : "1"});
  }
  report.figures =
      fmt::format("{} runs with clients in another order: {} differ", trials.runs, report.wrong.size());
  return report;
}

Report one_folder(const Place& place) {
  Report report;
  const fs::path config = write_config(place.folder, "beside", {.rounds = 60, .samples = 300});
  const Digest expected = golden(place, config);
  std::vector<std::unique_ptr<Child>> runs;
  const int count = place.times(8, 3);
  const auto start = [&](const std::string& output, int i) {
    return std::make_unique<Child>(place, run_of(config, place.folder / output),
                                   place.folder / fmt::format("{}.log", i));
  };
  for (int i = 0; i < count; ++i) runs.push_back(start(fmt::format("r{}.h5", i), i));
  for (int i = 0; i < count; ++i) {
    const int exit = runs[static_cast<std::size_t>(i)]->wait().exit;
    if (exit != 0)
      report.wrong.push_back(
          fmt::format("run {}: exit {}: {}", i, exit, text_of(place.folder / fmt::format("{}.log", i))));
    if (exit == 0 && digest(place.folder / fmt::format("r{}.h5", i)) != expected)
      report.wrong.push_back(fmt::format("run {}: other values", i));
  }
  int pairs = 0;
  for (; pairs < place.times(10, 1); ++pairs) {
    const std::string name = fmt::format("pair{}.h5", pairs);
    const auto first = start(name, 100), second = start(name, 101);
    const int a = first->wait().exit, b = second->wait().exit;
    const std::string refusal = text_of(place.folder / (a == 4 ? "100.log" : "101.log"));
    const bool told = refusal.find("is being written by process") != std::string::npos ||
                      refusal.find("exists already") != std::string::npos;
    if (!((a == 0 && b == 4) || (a == 4 && b == 0)) || !told)
      report.wrong.push_back(fmt::format("pair {}: exits {} and {}: {}", pairs, a, b, refusal));
    else if (digest(place.folder / name) != expected)
      report.wrong.push_back(fmt::format("pair {}: other values", pairs));
  }
  report.figures = fmt::format("{} runs at once into one folder, {} pairs of one name: {} wrong", count,
                               pairs, report.wrong.size());
  return report;
}

}  // namespace fedsim::torture
