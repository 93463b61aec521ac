// Products of bytes on processors that have AVX-512's instructions for them; CMakeLists.txt gives this file its instruction
// set. They are whole numbers: the results are those of kernels_avx512.cpp, bit for bit.
#include "train/compiled/bytes_impl.h"

namespace fedsim::compiled {

void use_vnni(Kernels<float>& kernels) { kernels.inner_products_of_bytes = inner_products_of_bytes<float>; }
void use_vnni(Kernels<double>& kernels) { kernels.inner_products_of_bytes = inner_products_of_bytes<double>; }

}  // namespace fedsim::compiled
