// One run as reports see it: columns and config, from a result file or from the live log of a run in
// progress.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace fedsim {

struct RunData {
  std::string path;
  std::string status;                                  // "running" while it goes on
  bool live = false;                                   // read from NAME.jsonl: no config, no attributes
  std::map<std::string, std::string> attributes;       // as text
  std::map<std::string, std::string> config;           // resolved, flat: "client.lr" -> "0.1"
  std::map<std::string, std::vector<double>> columns;  // of /rounds, committed rows only

  /// Throws UsageError with the nearest name where there is none.
  const std::vector<double>& column(const std::string& name) const;
  std::string label() const;  // the run's name, else the file's
};

/// NAME.h5 or NAME.h5.part; where a run is writing it right now, what NAME.jsonl has so far. Throws
/// DataError.
RunData load_run(const std::filesystem::path& path);

/// Tables and keys of a config as fedsim writes it: "[client]\nlr = 0.1" gives {"client.lr", "0.1"}; quotes
/// go.
std::map<std::string, std::string> flat_config(const std::string& toml);

/// Runs that differ in nothing but seed (name, rounds, threads, device and [output] aside), or that agree in
/// one key.
struct RunGroup {
  std::string label;  // of the keys that differ between groups
  std::vector<RunData> runs;
};
std::vector<RunGroup> group_runs(std::vector<RunData> runs, const std::string& by = "");

/// 1 where larger is better, -1 for losses, norms, bytes and seconds.
double direction(const std::string& metric);

}  // namespace fedsim
