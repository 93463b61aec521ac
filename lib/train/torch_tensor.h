// Our types as LibTorch's.
#pragma once

#include <ATen/ATen.h>

#include "core/vec.h"

namespace fedsim {

inline at::ScalarType scalar_type(Dtype dtype) { return dtype == Dtype::float32 ? at::kFloat : at::kDouble; }

/// A flat vector as a tensor [d] on the host that shares its memory.
inline at::Tensor tensor_over(Vec& v) {
  return at::from_blob(v.data(), {static_cast<std::int64_t>(v.size())}, scalar_type(v.dtype()));
}
/// The same, only to be read.
inline at::Tensor tensor_over(const Vec& v) { return tensor_over(const_cast<Vec&>(v)); }

}  // namespace fedsim
