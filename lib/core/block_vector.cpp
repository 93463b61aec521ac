#include "core/block_vector.h"

namespace fedsim {
namespace {

template <class T>
Vec in_place(const BlockVector& x, const Vec& computed) {
  Vec all = Vec::uninitialized(x.size(), x.dtype());
  put_in_place(x.size(), x.by_columns(), computed.as<T>().data(), all.as<T>().data());
  return all;
}

}  // namespace

Vec values_of(const BlockVector& x) {
  Vec computed = Vec::uninitialized(x.size(), x.dtype());
  for (std::size_t first = 0; first < x.size(); first += x.block(first))
    x.compute(first, static_cast<char*>(computed.data()) + first * size_of(x.dtype()));
  if (x.by_columns().empty()) return computed;
  return x.dtype() == Dtype::float32 ? in_place<float>(x, computed) : in_place<double>(x, computed);
}

}  // namespace fedsim
