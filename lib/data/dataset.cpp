#include "data/dataset.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace fedsim {

std::int64_t elements(const Shape& shape) {
  std::int64_t product = 1;
  for (const auto dimension : shape) product *= dimension;
  return product;
}

std::string to_string(const Shape& shape) { return fmt::format("{}", fmt::join(shape, "x")); }

}  // namespace fedsim
