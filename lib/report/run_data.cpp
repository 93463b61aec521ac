#include "report/run_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "core/error.h"
#include "record/result_reader.h"
#include "record/system.h"

namespace fedsim {
namespace {

namespace fs = std::filesystem;

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\r"), end = text.find_last_not_of(" \t\r");
  return begin == std::string::npos ? "" : text.substr(begin, end - begin + 1);
}

std::string as_text(const hdf5::AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
  return fmt::format("{}", std::get<double>(value));
}

// A run in progress holds HDF5's lock; its live log is for this.
bool load_live(const fs::path& path, RunData& run) {
  auto base = path;
  if (base.extension() == ".part") base.replace_extension();
  const auto log = beside(base, ".jsonl");
  std::error_code problem;
  if (!fs::exists(log, problem)) return false;
  run.columns = read_live_log(log);
  run.status = "running";
  run.live = true;
  return true;
}

std::string part_of_group(const RunData& run, const std::string& by) {
  if (!by.empty()) {
    const auto found = run.config.find(by);
    if (found != run.config.end()) return found->second;
    std::vector<std::string> known;
    for (const auto& [key, value] : run.config) known.push_back(key);
    const auto close = nearest(by, known);
    throw UsageError(fmt::format("{}: its config has no key '{}'{}", run.path, by,
                                 close.empty() ? "" : fmt::format("; did you mean '{}'?", close)));
  }
  if (run.config.empty()) return run.path;
  static const std::set<std::string> free{"seed", "name", "rounds", "threads", "device"};
  std::string text;
  for (const auto& [key, value] : run.config)
    if (free.count(key) == 0 && key.rfind("output.", 0) != 0) text += fmt::format("{}={}\n", key, value);
  return text;
}

std::string label_of(const RunData& run, const std::set<std::string>& differing) {
  std::string text;
  for (const auto& key : differing) {
    const auto found = run.config.find(key);
    if (found == run.config.end()) continue;
    if (!text.empty()) text += ", ";
    const auto dot = key.rfind('.');
    const auto last = dot == std::string::npos ? key : key.substr(dot + 1);
    text += last == "name" || last == "scheme" ? found->second : fmt::format("{}={}", key, found->second);
  }
  return text.empty() ? run.label() : text;
}

}  // namespace

const std::vector<double>& RunData::column(const std::string& name) const {
  const auto found = columns.find(name);
  if (found != columns.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [key, value] : columns) known.push_back(key);
  const auto close = nearest(name, known);
  throw UsageError(fmt::format("{}: has no metric '{}'{}", path, name,
                               close.empty() ? "" : fmt::format("; did you mean '{}'?", close)));
}

std::string RunData::label() const {
  const auto found = attributes.find("name");
  return found != attributes.end() && !found->second.empty() ? found->second : fs::path(path).stem().string();
}

RunData load_run(const fs::path& path) {
  RunData run;
  run.path = path.string();
  try {
    const ResultReader reader(path);
    run.status = reader.status();
    for (const auto& [name, value] : reader.attributes()) run.attributes[name] = as_text(value);
    run.config = flat_config(reader.attribute("config"));
    for (const auto& name : reader.columns()) run.columns[name] = reader.column(name);
  } catch (const DataError&) {
    throw;
  } catch (const Error& error) {
    if (std::string(error.what()).find("another program is writing") == std::string::npos ||
        !load_live(path, run))
      throw;
  }
  return run;
}

std::map<std::string, std::string> flat_config(const std::string& toml) {
  std::map<std::string, std::string> flat;
  std::istringstream in(toml);
  std::string line, table;
  std::map<std::string, int> repeats;  // of [[update]]
  while (std::getline(in, line)) {
    line = trimmed(line);
    if (line.empty() || line[0] == '#') continue;
    if (line.rfind("[[", 0) == 0) {
      const auto name = line.substr(2, line.find("]]") - 2);
      table = fmt::format("{}[{}].", name, repeats[name]++);
    } else if (line[0] == '[') {
      table = line.substr(1, line.find(']') - 1) + ".";
    } else if (const auto equals = line.find('='); equals != std::string::npos) {
      auto value = trimmed(line.substr(equals + 1));
      if (value.size() >= 2 && (value[0] == '"' || value[0] == '\'') && value.back() == value[0])
        value = value.substr(1, value.size() - 2);
      flat[table + trimmed(line.substr(0, equals))] = value;
    }
  }
  return flat;
}

std::vector<RunGroup> group_runs(std::vector<RunData> runs, const std::string& by) {
  std::vector<std::string> order;
  std::map<std::string, RunGroup> groups;
  for (auto& run : runs) {
    const auto key = part_of_group(run, by);
    if (groups.count(key) == 0) order.push_back(key);
    groups[key].runs.push_back(std::move(run));
  }
  std::set<std::string> differing;
  if (!by.empty()) {
    differing.insert(by);
  } else if (groups.size() > 1) {
    const auto& first = groups[order[0]].runs[0].config;
    static const std::set<std::string> free{"seed", "name", "rounds", "threads", "device"};
    for (const auto& [key, group] : groups) {
      const auto& other = group.runs[0].config;
      for (const auto& [name, value] : other)
        if (const auto found = first.find(name); found == first.end() || found->second != value)
          differing.insert(name);
      for (const auto& [name, value] : first)
        if (other.count(name) == 0) differing.insert(name);
    }
    for (const auto& name : free) differing.erase(name);
  }
  std::vector<RunGroup> result;
  for (const auto& key : order) {
    auto& group = groups[key];
    group.label = label_of(group.runs[0], differing);
    result.push_back(std::move(group));
  }
  return result;
}

double direction(const std::string& metric) {
  for (const auto* lower : {"loss", "seconds", "bytes", "norm", "dropped", "nonfinite", "epsilon"})
    if (metric.find(lower) != std::string::npos) return -1;
  return 1;
}

}  // namespace fedsim
