// Parts of a Dataset from plain arrays, as NPZ and our own HDF5 layout give them.
#pragma once

#include <string>

#include "data/assemble.h"

namespace fedsim {

struct Array {
  Shape shape;  // [n, ...]
  Features values;
  std::string where;
};

/// x [n, ...], y [n] or [n, t] (a target at every position). Sets parts.shape and parts.targets with the
/// first half, and checks the second against them. A uint8 array [n, h, w] is grey images, 1 x h x w. Throws
/// DataError.
Part make_part(Array x, Array y, Parts& parts);

}  // namespace fedsim
