// The kernels for any processor of the target architecture.
#include "train/compiled/kernels_impl.h"

namespace fedsim::compiled {

extern const Kernels<float> generic_float32;
extern const Kernels<double> generic_float64;
const Kernels<float> generic_float32 = kernels_named<float>("generic");
const Kernels<double> generic_float64 = kernels_named<double>("generic");

}  // namespace fedsim::compiled
