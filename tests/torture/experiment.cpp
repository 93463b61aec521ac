#include <fmt/format.h>
#include <sodium.h>

#include <bit>
#include <fstream>
#include <stdexcept>

#include "record/result_reader.h"
#include "torture.h"

namespace fedsim::torture {
namespace {

std::string sha256(const void* data, std::size_t bytes) {
  unsigned char hash[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(hash, static_cast<const unsigned char*>(data), bytes);
  std::string text;
  for (const unsigned char byte : hash) text += fmt::format("{:02x}", byte);
  return text;
}

template <class T>
std::string sha256(const std::vector<T>& values) {
  return sha256(values.data(), values.size() * sizeof(T));
}

}  // namespace

fs::path write_config(const fs::path& folder, const std::string& name, const Small& small) {
  const fs::path path = folder / fmt::format("{}.toml", name);
  std::ofstream file(path);
  file << fmt::format(
      "rounds = {}\ndevice = \"cpu\"\nthreads = 2\n[data]\ndataset = \"synthetic\"\nsamples_per_client = {}\n"
      "[partition]\nscheme = \"natural\"\nclients = {}\n[model]\nname = "
      "\"logistic\"\n[sampling]\nclients_per_round = {}\n"
      "[algorithm]\nname = \"{}\"\n[server]\noptimizer = \"{}\"\n[output]\ncheckpoint_every = {}\n{}",
      small.rounds, small.samples, small.clients, small.cohort, small.algorithm, small.optimizer,
      small.checkpoint_every, small.more);
  file.close();
  if (!file) throw std::runtime_error(fmt::format("can't write {}", path.string()));
  return path;
}

std::vector<std::string> run_of(const fs::path& config, const fs::path& output,
                                const std::vector<std::string>& more) {
  std::vector<std::string> words{"run", config.string(), "-o", output.string()};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::string first_wrong_value(const ResultReader& left, const ResultReader& whole) {
  for (const auto& name : whole.columns()) {
    if (name.find("seconds") != std::string::npos && name != "simulated_seconds") continue;
    const auto have = left.column(name), want = whole.column(name);
    for (std::size_t t = 0; t < have.size(); ++t)
      if (t >= want.size() || std::bit_cast<std::uint64_t>(have[t]) != std::bit_cast<std::uint64_t>(want[t]))
        return fmt::format("wrong value: {} of round {}", name, t);
  }
  return "";
}

std::map<std::string, std::string> digest(const fs::path& result) {
  const ResultReader reader(result);
  std::map<std::string, std::string> sums;
  for (const auto& name : reader.columns())
    if (name.find("seconds") == std::string::npos || name == "simulated_seconds")
      sums[fmt::format("rounds/{}", name)] = sha256(reader.column(name));
  for (const auto& name : reader.client_columns())
    sums[fmt::format("clients/{}", name)] = sha256(reader.client_column(name));
  sums["partition/sizes"] = sha256(reader.partition_sizes());
  if (reader.has_model()) {
    const Vec model = reader.model();
    sums["model/parameters"] = sha256(model.data(), model.bytes());
  }
  for (const char* name : {"config_hash", "status", "trainer"})
    sums[fmt::format("/{}", name)] = reader.attribute(name);
  return sums;
}

std::map<std::string, std::string> golden(const Place& place, const fs::path& config,
                                          const Environment& environment,
                                          const std::vector<std::string>& more) {
  const fs::path output = place.folder / fmt::format("golden-{}.h5", config.stem().string()),
                 log = place.folder / "golden.log";
  std::vector<std::string> words = more;
  words.insert(words.end(), {"--force", "--quiet"});
  const Ended ended = Child(place, run_of(config, output, words), log, environment).wait();
  if (ended.exit != 0)
    throw std::runtime_error(
        fmt::format("the uninterrupted run ended with {}: {}", ended.exit, text_of(log)));
  return digest(output);
}

void finish_and_compare(const Place& place, const fs::path& config, const fs::path& output,
                        const std::map<std::string, std::string>& expected, const std::string& what,
                        Report& report) {
  const fs::path log = place.folder / "resume.log";
  const Ended ended = Child(place, run_of(config, output, {"--resume", "--quiet"}), log).wait();
  if (ended.exit != 0) {
    report.wrong.push_back(fmt::format("{}: --resume ended with {}: {}", what, ended.exit, text_of(log)));
    return;
  }
  try {
    const auto sums = digest(output);
    for (const auto& [name, sum] : expected)
      if (const auto found = sums.find(name); found == sums.end() || found->second != sum) {
        report.wrong.push_back(fmt::format("{}: {} is not that of the uninterrupted run", what, name));
        return;
      }
  } catch (const std::exception& error) {
    report.wrong.push_back(fmt::format("{}: after --resume: {}", what, error.what()));
  }
}

}  // namespace fedsim::torture
