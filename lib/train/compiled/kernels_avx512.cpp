// The kernels for avx512; CMakeLists.txt gives this file its instruction set.
#include "train/compiled/input_major_impl.h"
#include "train/compiled/kernels_impl.h"
#include "train/compiled/lists_of_bytes_impl.h"
#include "train/compiled/lists_of_values_impl.h"

namespace fedsim::compiled {

extern const Kernels<float> avx2_float32, avx512_float32;
extern const Kernels<double> avx2_float64, avx512_float64;

namespace {

/// Results that fill no more than half a vector, as the 6 filters of LeNet-5, go to vectors of half the length: two of
/// them a cycle.
template <class T, const Kernels<T>& half>
void product_or_half(const Product<T>& p) {
  if (2 * p.columns <= Simd<T>::lanes)
    half.product(p);
  else
    product(p);
}

template <class T, const Kernels<T>& half>
constexpr Kernels<T> kernels_with_half() {
  Kernels<T> kernels = kernels_named<T>("avx512");
  kernels.product = product_or_half<T, half>;
  kernels.input_major_step = input_major_step<T>;
  return kernels;
}

constexpr Kernels<float> kernels_with_lists() {
  Kernels<float> kernels = with_lists_of_bytes(kernels_with_half<float, avx2_float32>(), 4);
  kernels.list_rows = list_rows;
  kernels.list_columns = list_columns;
  return kernels;
}

}  // namespace

const Kernels<float> avx512_float32 = kernels_with_lists();
const Kernels<double> avx512_float64 = kernels_with_half<double, avx2_float64>();

}  // namespace fedsim::compiled
