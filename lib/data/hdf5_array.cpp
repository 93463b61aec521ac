#include "data/hdf5_array.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fedsim {
namespace {

Features narrow(std::vector<std::int64_t> wide) {
  if (std::all_of(wide.begin(), wide.end(), [](auto value) { return std::in_range<std::int32_t>(value); }))
    return std::vector<std::int32_t>(wide.begin(), wide.end());
  return std::vector<double>(wide.begin(), wide.end());
}

Features read_features(const hdf5::Dataset& dataset) {
  using hdf5::Type;
  switch (dataset.type()) {
    case Type::uint8:
      return dataset.read<std::uint8_t>();
    case Type::float32:
      return dataset.read<float>();
    case Type::float64:
      return dataset.read<double>();
    case Type::int8:
    case Type::int16:
    case Type::uint16:
    case Type::int32:
      return dataset.read<std::int32_t>();
    case Type::uint32:
    case Type::int64:
      return narrow(dataset.read<std::int64_t>());
    default:
      throw dataset.error(fmt::format("is {}, expected numbers: uint8, int8 to int64, float32 or float64",
                                      hdf5::name_of(dataset.type())));
  }
}

}  // namespace

Array read_array(const hdf5::Dataset& dataset, const std::string& file) {
  return {dataset.shape(), read_features(dataset), fmt::format("{}: {}", file, dataset.name())};
}

}  // namespace fedsim
