#include "record/partition_tables.h"

#include <fmt/format.h>

#include <numeric>

namespace fedsim {
namespace {

template <class T>
void write(hdf5::Group& group, const std::string& name, const hdf5::Dimensions& shape,
           std::span<const T> values, ContentHash& hash) {
  const auto dataset = group.write<T>(name, shape, values);
  hash.add<T>(dataset.name(), {shape.begin() + 1, shape.end()}, values);
}

// [N, C] counts of each label on each client, row by row.
std::vector<std::int64_t> count_labels(const Partition& partition, const Dataset& data) {
  const auto classes = static_cast<std::size_t>(data.classes);
  std::vector<std::int64_t> counts(static_cast<std::size_t>(partition.clients()) * classes, 0);
  for (std::int64_t client = 0; client < partition.clients(); ++client) {
    const auto rows = partition.rows(client);
    for (std::int64_t i = 0; i < rows.size(); ++i) {
      const auto label = static_cast<std::size_t>(data.labels.at(static_cast<std::size_t>(rows[i])));
      ++counts.at(static_cast<std::size_t>(client) * classes + label);
    }
  }
  return counts;
}

}  // namespace

void write_partition(hdf5::Group root, const Partition& partition, const Dataset& data, ContentHash& hash) {
  auto group = root.create_group("partition");
  const auto clients = partition.clients();
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(clients));
  for (std::int64_t k = 0; k < clients; ++k) sizes[static_cast<std::size_t>(k)] = partition.size(k);
  write<std::int64_t>(group, "sizes", {clients}, sizes, hash);
  if (data.generated_on_draw) return;
  write<std::int64_t>(group, "offsets", {clients + 1}, partition.offsets, hash);
  std::vector<std::int64_t> indices(partition.indices.begin(), partition.indices.end());
  if (indices.empty()) {  // client k has rows offsets[k] .. offsets[k+1] themselves
    indices.resize(static_cast<std::size_t>(partition.offsets.back()));
    std::iota(indices.begin(), indices.end(), std::int64_t{0});
  }
  write<std::int64_t>(group, "indices", {static_cast<std::int64_t>(indices.size())}, indices, hash);
  if (data.labels.empty() || data.classes < 1) return;
  write<std::int64_t>(group, "label_counts", {clients, data.classes}, count_labels(partition, data), hash);
}

void write_model(hdf5::Group root, const std::vector<ResultHeader::Tensor>& tensors, const Vec& model,
                 ContentHash& hash) {
  auto group = root.create_group("model");
  const hdf5::Dimensions shape{static_cast<std::int64_t>(model.size())};
  if (model.dtype() == Dtype::float32)
    write<float>(group, "parameters", shape, model.as<float>(), hash);
  else
    write<double>(group, "parameters", shape, model.as<double>(), hash);
  std::vector<std::string> names, shapes;
  for (const auto& tensor : tensors) {
    names.push_back(tensor.name);
    std::string text;  // "10x784"; "" for a single number
    for (const auto extent : tensor.shape) text += fmt::format("{}{}", text.empty() ? "" : "x", extent);
    shapes.push_back(text);
  }
  hash.add_text(group.write_text("names", names).name(), names);
  hash.add_text(group.write_text("shapes", shapes).name(), shapes);
}

void cut_to_committed(hdf5::Group root, std::int64_t committed_rounds) {
  const auto client_rows = committed_client_rows(root, committed_rounds);
  for (const auto* table : {"rounds", "clients"}) {
    if (!root.has(table)) continue;
    auto group = root.group(table);
    const auto rows = group.name() == "/rounds" ? committed_rounds : client_rows;
    for (const auto& name : group.children()) {
      auto column = group.dataset(name);
      if (column.rows() > rows) column.resize(rows);
    }
  }
}

}  // namespace fedsim
