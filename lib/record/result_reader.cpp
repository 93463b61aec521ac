#include "record/result_reader.h"

#include <fmt/format.h>

#include <algorithm>

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

}  // namespace

ResultReader::ResultReader(const fs::path& path) : file_(hdf5::File::open(existing(path))) {
  const auto root = file_.root();
  for (const auto& name : root.attributes())
    if (name != "content_hash") attributes_[name] = root.attribute(name);
  try {
    attributes_["content_hash"] = root.text("content_hash");
  } catch (const Error&) {
    // Killed between writing the attribute and the text it refers to; verify() judges it.
  }
  if (attribute("format") != "fedsim-result")
    throw DataError(fmt::format("{}: is not a result of fedsim (attribute 'format' is not \"fedsim-result\")",
                                file_.path()));
  const std::int64_t version = integer("format_version");
  if (version < 1) throw DataError(fmt::format("{}: is damaged: it has no format_version", file_.path()));
  if (version > newest_format)
    throw OutputError(fmt::format("{}: format version {} needs a newer fedsim (>= {}; this one reads up to version {})",
                                  file_.path(), version, attribute("fedsim_version"), newest_format));
  const auto rows = root.dataset("rounds/round").rows();
  committed_ = root.integer("committed_rounds");
  if (committed_ < 0 || committed_ > rows)
    throw DataError(fmt::format("{}: is damaged: {} rounds committed, but /rounds has {} rows", file_.path(),
                                committed_, rows));
  client_rows_ = committed_client_rows(root, committed_);
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

void ResultReader::verify() const {
  const auto root = file_.root();
  const auto stored = attribute("content_hash");
  const auto hash_with = [&](std::int64_t rounds) {
    auto hash = hash_of_file(root, rounds);
    hash.set("/", "committed_rounds", rounds);
    return hash.hex();
  };
  const auto here = hash_with(committed_);
  if (here == stored) return;
  if (status() == "running" && stored.empty()) return;  // the checksums of all datasets held
  if (status() == "running")
    for (const auto rounds : {committed_ - 1, committed_ + 1})
      if (rounds >= 0 && rounds <= root.dataset("rounds/round").rows() && hash_with(rounds) == stored) return;
  throw DataError(
      fmt::format("{}: content_hash is {}, its content has {}: it was changed or damaged since it was "
                  "written",
                  path(), stored, here));
}

}  // namespace fedsim
