#include "record/result_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/apart.h"
#include "record/content_hash.h"

namespace fedsim {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t newest_format = 1;

fs::path existing(const fs::path& path) {
  std::error_code problem;
  const fs::path part = path.string() + ".part";
  if (!fs::exists(path, problem) && fs::exists(part, problem)) return part;
  return path;
}

std::vector<std::string> columns_of(const hdf5::Group& root, const std::string& table) {
  if (!root.has(table)) return {};
  return root.group(table).children();
}

std::string what_to_do(const fs::path& path) {
  if (path.extension() != ".part") return "take it from a copy, or repeat its run with --force";
  return "go on with the run, --resume, which replaces the rounds after its last checkpoint; or begin anew with --force";
}

}  // namespace

ResultReader::ResultReader(const fs::path& path, Trust trust)
    : ResultReader(existing(path), std::optional(rounds_to_trust(existing(path), trust))) {}

ResultReader::ResultReader(const fs::path& file, std::optional<std::int64_t> rounds) : file_(hdf5::File::open(file)) {
  read_head();
  committed_ = rounds.value_or(integer("committed_rounds"));
  client_rows_ = committed_client_rows(file_.root(), committed_);
}

std::int64_t ResultReader::rounds_to_trust(const fs::path& file, Trust trust) {
  const auto read_all = [&] {
    ResultReader reader(file, std::nullopt);
    trust == Trust::verified ? reader.verify() : reader.read_columns();
    return fmt::format("{}", reader.committed_);
  };
  return std::stoll(apart(read_all, room_to_read(file),
                          fmt::format("{}: is damaged: the HDF5 library crashed on reading it\n  help: {}", file.string(),
                                      what_to_do(file))));
}

void ResultReader::read_head() {
  const auto root = file_.root();
  for (const auto& name : root.attributes()) attributes_[name] = root.attribute(name);
  if (attribute("format") != "fedsim-result")
    throw DataError(fmt::format("{}: is not a result of fedsim (attribute 'format' is not \"fedsim-result\")",
                                file_.path()));
  const std::int64_t version = integer("format_version");
  if (version < 1) throw DataError(fmt::format("{}: is damaged: it has no format_version", file_.path()));
  if (version > newest_format)
    throw OutputError(fmt::format("{}: format version {} needs a newer fedsim (>= {}; this one reads up to version {})",
                                  file_.path(), version, attribute("fedsim_version"), newest_format));
  const auto rows = root.dataset("rounds/round").rows();
  const auto committed = root.integer("committed_rounds");
  if (committed < 0 || committed > rows)
    throw DataError(fmt::format("{}: is damaged: {} rounds committed, but /rounds has {} rows", file_.path(), committed,
                                rows));
}

// For what HDF5 makes of them. An error need not matter to --resume, and is met again where it does.
void ResultReader::read_columns() const {
  try {
    for (const auto& name : columns()) column(name);
    for (const auto& name : client_columns()) client_column(name);
  } catch (const Error&) {
  }
}

std::string ResultReader::attribute(const std::string& name) const {
  const auto found = attributes_.find(name);
  if (found == attributes_.end()) return "";
  const auto* value = std::get_if<std::string>(&found->second);
  return value == nullptr ? "" : *value;
}

std::int64_t ResultReader::integer(const std::string& attribute) const {
  const auto found = attributes_.find(attribute);
  if (found == attributes_.end()) return 0;
  const auto* value = std::get_if<std::int64_t>(&found->second);
  return value == nullptr ? 0 : *value;
}

std::vector<std::string> ResultReader::columns() const { return columns_of(file_.root(), "rounds"); }

bool ResultReader::has_column(const std::string& name) const {
  const auto names = columns();
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<double> ResultReader::column(const std::string& name) const {
  if (!has_column(name)) {
    const auto close = nearest(name, columns());
    throw UsageError(fmt::format("{}: has no column '{}' in /rounds{}", path(), name,
                                 close.empty() ? "" : fmt::format("; did you mean '{}'?", close)));
  }
  return file_.root().group("rounds").dataset(name).read_rows<double>(0, committed_);
}

std::vector<std::string> ResultReader::client_columns() const { return columns_of(file_.root(), "clients"); }

std::vector<double> ResultReader::client_column(const std::string& name) const {
  return file_.root().group("clients").dataset(name).read_rows<double>(0, client_rows_);
}

Vec ResultReader::model() const {
  const auto dataset = file_.root().dataset("model/parameters");
  if (dataset.type() == hdf5::Type::float32) return Vec::of<float>(dataset.read<float>());
  return Vec::of<double>(dataset.read<double>());
}

std::vector<std::string> ResultReader::model_names() const {
  return file_.root().dataset("model/names").read_text();
}

std::vector<std::string> ResultReader::model_shapes() const {
  return file_.root().dataset("model/shapes").read_text();
}

std::vector<std::int64_t> ResultReader::partition_sizes() const {
  const auto root = file_.root();
  if (!root.has("partition/sizes")) return {};
  return root.dataset("partition/sizes").read<std::int64_t>();
}

// After a loss of power rows may be zeros, which pass for a chunk and its checksum.
std::string ResultReader::lost_rounds() const {
  const auto rounds = column("round");
  for (std::size_t i = 0; i < rounds.size(); ++i)
    if (rounds[i] != static_cast<double>(i)) return fmt::format("; round {} is not there", i);
  return "";
}

void ResultReader::verify() {
  try {
    find_rounds_of_hash();
  } catch (const Error& error) {
    throw Error(error.exit(), fmt::format("{}\n  help: {}", error.what(), what_to_do(path())));
  }
}

// A run killed within a commit may be one round ahead of its hash or behind it: then the rounds count that the
// hash tells of.
void ResultReader::find_rounds_of_hash() {
  const auto root = file_.root();
  const auto stored = attribute("content_hash");
  const auto hash_with = [&](std::int64_t rounds) {
    auto hash = hash_of_file(root, rounds);
    hash.set("/", "committed_rounds", rounds);
    return hash.hex();
  };
  const auto here = hash_with(committed_);
  if (here == stored) return;
  for (const auto rounds : {committed_ - 1, committed_ + 1}) {
    const bool possible = status() == "running" && rounds >= 0 && rounds <= root.dataset("rounds/round").rows();
    if (!possible || hash_with(rounds) != stored) continue;
    committed_ = rounds;
    return;
  }
  throw DataError(
      fmt::format("{}: is damaged, or was changed since it was written: content_hash is {}, its content has {}{}",
                  path(), stored.empty() ? "missing" : stored, here, lost_rounds()));
}

}  // namespace fedsim
