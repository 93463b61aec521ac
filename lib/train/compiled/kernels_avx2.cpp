// The kernels for avx2; CMakeLists.txt gives this file its instruction set.
#include "train/compiled/kernels_impl.h"
#include "train/compiled/listed_impl.h"
#include "train/compiled/lists_of_bytes_impl.h"

namespace fedsim::compiled {

extern const Kernels<float> avx2_float32;
extern const Kernels<double> avx2_float64;

namespace {

constexpr Kernels<float> kernels_with_lists() {
  Kernels<float> kernels = kernels_named<float>("avx2");
  kernels.few_listed = 16;
  kernels.listed_product = listed_product;
  kernels.list_rows_of_bytes = list_rows_of_bytes;
  kernels.list_columns_of_bytes = list_columns_of_bytes;
  return kernels;
}

}  // namespace

const Kernels<float> avx2_float32 = kernels_with_lists();
const Kernels<double> avx2_float64 = kernels_named<double>("avx2");

}  // namespace fedsim::compiled
