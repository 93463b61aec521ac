#include "core/block_vector.h"

namespace fedsim {
namespace {

template <class T>
void put_in_place(const BlockVector& x, const Vec& computed, Vec& all) {
  const T* from = computed.as<T>().data();
  T* to = all.as<T>().data();
  for_places(x.size(), x.by_columns(), [&](std::size_t i, std::size_t j) { to[i] = from[j]; });
}

}  // namespace

Vec values_of(const BlockVector& x) {
  Vec computed = Vec::uninitialized(x.size(), x.dtype());
  for (std::size_t first = 0; first < x.size(); first += x.block(first))
    x.compute(first, static_cast<char*>(computed.data()) + first * size_of(x.dtype()));
  if (x.by_columns().empty()) return computed;
  Vec all = Vec::uninitialized(x.size(), x.dtype());
  if (x.dtype() == Dtype::float32)
    put_in_place<float>(x, computed, all);
  else
    put_in_place<double>(x, computed, all);
  return all;
}

}  // namespace fedsim
