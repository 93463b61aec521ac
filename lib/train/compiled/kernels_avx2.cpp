// The kernels for avx2; CMakeLists.txt gives this file its instruction set.
#include "train/compiled/kernels_impl.h"
#include "train/compiled/lists_of_bytes_impl.h"

namespace fedsim::compiled {

extern const Kernels<float> avx2_float32;
extern const Kernels<double> avx2_float64;
const Kernels<float> avx2_float32 = with_lists_of_bytes(kernels_named<float>("avx2"), 16);
const Kernels<double> avx2_float64 = kernels_named<double>("avx2");

}  // namespace fedsim::compiled
