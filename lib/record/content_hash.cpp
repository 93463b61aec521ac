#include "record/content_hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace fedsim {

static_assert(std::endian::native == std::endian::little,
              "content_hash is defined over little-endian values");

namespace {

constexpr std::int64_t block_bytes = 1 << 22;  // read at a time

template <class T>
void add_rows(ContentHash& hash, const hdf5::Dataset& dataset, std::int64_t rows) {
  const hdf5::Dimensions row_shape(dataset.shape().begin() + 1, dataset.shape().end());
  const auto row_bytes =
      std::max<std::int64_t>(dataset.row_elements() * static_cast<std::int64_t>(sizeof(T)), 1);
  const std::int64_t block = std::max<std::int64_t>(block_bytes / row_bytes, 1);
  hash.declare(dataset.name(), hdf5::name_of(dataset.type()), row_shape);
  for (std::int64_t first = 0; first < rows; first += block) {
    const auto values = dataset.read_rows<T>(first, std::min(block, rows - first));
    hash.add<T>(dataset.name(), row_shape, values);
  }
}

void add_dataset(ContentHash& hash, const hdf5::Dataset& dataset, std::int64_t rows) {
  if (dataset.shape().empty()) throw dataset.error("is a scalar, expected rows");
  switch (dataset.type()) {
    case hdf5::Type::int8:
      return add_rows<std::int8_t>(hash, dataset, rows);
    case hdf5::Type::uint8:
      return add_rows<std::uint8_t>(hash, dataset, rows);
    case hdf5::Type::int16:
      return add_rows<std::int16_t>(hash, dataset, rows);
    case hdf5::Type::uint16:
      return add_rows<std::uint16_t>(hash, dataset, rows);
    case hdf5::Type::int32:
      return add_rows<std::int32_t>(hash, dataset, rows);
    case hdf5::Type::uint32:
      return add_rows<std::uint32_t>(hash, dataset, rows);
    case hdf5::Type::int64:
      return add_rows<std::int64_t>(hash, dataset, rows);
    case hdf5::Type::uint64:
      return add_rows<std::uint64_t>(hash, dataset, rows);
    case hdf5::Type::float32:
      return add_rows<float>(hash, dataset, rows);
    case hdf5::Type::float64:
      return add_rows<double>(hash, dataset, rows);
    case hdf5::Type::text:
      return hash.add_text(dataset.name(), dataset.read_text());
    case hdf5::Type::other:
      break;
  }
  throw dataset.error("has a type that no result holds");
}

void add_attributes(ContentHash& hash, const hdf5::Node& node) {
  for (const auto& name : node.attributes())
    if (!(node.name() == "/" && name == "content_hash")) hash.set(node.name(), name, node.attribute(name));
}

struct Counts {
  std::int64_t rounds, clients;
};

void add_group(ContentHash& hash, const hdf5::Group& group, Counts committed, int depth = 0) {
  // A group can hold a hard link to a group around it.
  if (depth > 8) throw group.error("groups are nested more than 8 deep, which no result does");
  add_attributes(hash, group);
  for (const auto& child : group.children()) {
    if (group.is_group(child)) {
      add_group(hash, group.group(child), committed, depth + 1);
      continue;
    }
    const auto dataset = group.dataset(child);
    add_attributes(hash, dataset);
    const std::int64_t rows = group.name() == "/rounds"    ? committed.rounds
                              : group.name() == "/clients" ? committed.clients
                                                           : dataset.rows();
    add_dataset(hash, dataset, rows);
  }
}

std::string describe(const hdf5::AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value))
    return fmt::format("text {}\n{}", text->size(), *text);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("int64 {}", *whole);
  return fmt::format("float64 {:016x}", std::bit_cast<std::uint64_t>(std::get<double>(value)));
}

}  // namespace

void ContentHash::declare(const std::string& dataset, const char* type, const hdf5::Dimensions& row_shape) {
  auto& running = datasets_[dataset];
  running.type = type;
  running.row_shape = row_shape;
}

void ContentHash::add_bytes(const std::string& dataset, const char* type, const hdf5::Dimensions& row_shape,
                            const void* data, std::size_t bytes, std::int64_t count) {
  declare(dataset, type, row_shape);
  auto& running = datasets_[dataset];
  std::int64_t width = 1;
  for (const auto extent : row_shape) width *= extent;
  running.rows += width == 0 ? 0 : count / width;
  running.hash.add(data, bytes);
}

void ContentHash::add_text(const std::string& dataset, const std::vector<std::string>& values) {
  declare(dataset, "text", {});
  auto& running = datasets_[dataset];
  running.rows += static_cast<std::int64_t>(values.size());
  for (const auto& value : values) running.hash.add(value.c_str(), value.size() + 1);
}

void ContentHash::set(const std::string& object, const std::string& attribute,
                      const hdf5::AttributeValue& value) {
  attributes_[{object, attribute}] = value;
}

std::string ContentHash::hex() const {
  Hash hash;
  hash.add("fedsim-content 1\n");
  for (const auto& [key, value] : attributes_)
    hash.add(fmt::format("attribute {} {} {}\n", key.first, key.second, describe(value)));
  for (const auto& [path, running] : datasets_) {
    std::string shape = fmt::format("{}", running.rows);
    for (const auto extent : running.row_shape) shape += fmt::format("x{}", extent);
    hash.add(fmt::format("dataset {} {} {} {}\n", path, running.type, shape, Hash(running.hash).hex()));
  }
  return hash.hex();
}

std::int64_t committed_client_rows(const hdf5::Group& root, std::int64_t committed_rounds) {
  if (!root.has("clients/round")) return 0;
  const auto column = root.dataset("clients/round");
  // Rows are in order of rounds; those not written yet hold 0, and no client takes part in round 0.
  std::int64_t low = 0, high = column.rows();
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    const auto round = column.read_rows<std::int64_t>(middle, 1)[0];
    if (round > 0 && round < committed_rounds)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

ContentHash hash_of_file(const hdf5::Group& root, std::int64_t committed_rounds) {
  ContentHash hash;
  add_group(hash, root, {committed_rounds, committed_client_rows(root, committed_rounds)});
  return hash;
}

}  // namespace fedsim
