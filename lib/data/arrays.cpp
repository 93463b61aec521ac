#include "data/arrays.h"

#include <fmt/format.h>

#include "core/error.h"
#include "data/npy.h"

namespace fedsim {

Part make_part(Array x, Array y, Parts& parts) {
  if (x.shape.empty() || y.shape.empty() || y.shape.size() > 2)
    throw DataError(
        fmt::format("{} has {} dimensions and {} has {}; expected features [n, ...] and labels [n] or [n, t]",
                    x.where, x.shape.size(), y.where, y.shape.size()));
  if (x.shape[0] != y.shape[0])
    throw DataError(
        fmt::format("{} holds {} samples, {} holds {} labels; expected as many of one as of the other",
                    x.where, x.shape[0], y.where, y.shape[0]));
  Shape shape(x.shape.begin() + 1, x.shape.end());
  if (shape.empty()) shape = {1};
  if (shape.size() == 2 && std::holds_alternative<std::vector<std::uint8_t>>(x.values) &&
      parts.vocabulary == 0)
    shape.insert(shape.begin(), 1);
  const auto targets = y.shape.size() == 2 ? y.shape[1] : 1;
  if (targets < 1) throw DataError(fmt::format("{}: shape {} has no labels", y.where, to_string(y.shape)));
  if (parts.shape.empty()) {
    parts.shape = shape;
    parts.targets = targets;
  } else if (parts.shape != shape || parts.targets != targets) {
    throw DataError(
        fmt::format("{}: samples of {} with {} labels each, expected {} with {} as in the training set",
                    x.where, to_string(shape), targets, to_string(parts.shape), parts.targets));
  }
  Part part;
  part.y = to_labels(y.values, y.where);
  part.x = std::move(x.values);
  part.where = std::move(x.where);
  part.where_labels = std::move(y.where);
  return part;
}

}  // namespace fedsim
