// From what a reader found to a Dataset: the checks that hold for every source, the test split, the scaling.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/samples.h"

namespace fedsim {

/// One set of samples as read.
struct Part {
  Features x;                   // [n, elements]
  std::vector<std::int32_t> y;  // [n, targets]
  std::string where;            // file (and dataset) of x, for messages
  std::string where_labels;     // of y
};

struct Parts {
  std::string name, origin;
  Shape shape;               // of one sample
  std::int64_t classes = 0;  // 0: the largest label + 1
  std::int64_t targets = 1;
  std::int64_t vocabulary = 0;  // > 0: x are token ids
  Part train;
  std::optional<Part> test;                // absent: test_fraction of the training samples
  std::vector<std::int64_t> user_offsets;  // of the training samples; empty: no users
};

/// Throws DataError with the first index and value: a label out of range (padding -1 is allowed where targets
/// > 1), a token out of the vocabulary, NaN or infinity (unless allow_nonfinite), an empty set, a single
/// class; and where x and y have different numbers of samples.
Dataset assemble(Parts parts, const DataContext& context);

}  // namespace fedsim
