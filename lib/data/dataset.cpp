#include "data/dataset.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace fedsim {

std::int64_t elements(const Shape& shape) {
  std::int64_t product = 1;
  for (const auto dimension : shape) product *= dimension;
  return product;
}

std::string to_string(const Shape& shape) { return fmt::format("{}", fmt::join(shape, "x")); }

double density(const Dataset& data) {
  if (!data.train || data.generated_on_draw || data.vocabulary > 0 || data.train->size() == 0) return 1;
  const std::int64_t rows = data.train->size(), looked_at = std::min<std::int64_t>(rows, 256);
  std::vector<float> x(static_cast<std::size_t>(elements(data.sample_shape)));
  std::vector<std::int32_t> y(static_cast<std::size_t>(data.targets));
  std::size_t zeros = 0;
  for (std::int64_t i = 0; i < looked_at; ++i) {
    const std::int64_t row = i * rows / looked_at;
    data.train->gather(std::span(&row, 1), x.data(), y.data());
    zeros += static_cast<std::size_t>(std::count(x.begin(), x.end(), 0.0f));
  }
  return 1 - static_cast<double>(zeros) / (static_cast<double>(looked_at) * static_cast<double>(x.size()));
}

}  // namespace fedsim
