// The kernels for avx512; CMakeLists.txt gives this file its instruction set.
#include "train/compiled/kernels_impl.h"

namespace fedsim::compiled {

extern const Kernels<float> avx512_float32;
extern const Kernels<double> avx512_float64;
const Kernels<float> avx512_float32 = kernels_named<float>("avx512");
const Kernels<double> avx512_float64 = kernels_named<double>("avx512");

}  // namespace fedsim::compiled
