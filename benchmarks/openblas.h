// OpenBLAS as it should be measured.
#pragma once

#include <cblas.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace fedsim::benchmark {

/// OpenBLAS picks its kernels when it is loaded, by the processor's model. Of a model that it does not know, as some virtual
/// machines show one, it takes those for SSE3, a fifth as fast. Then starts this program again with the kernels that the
/// processor has the instructions for; call it first in main.
inline void load_right_openblas(char** argv) {
  if (std::getenv("OPENBLAS_CORETYPE") || std::string_view(openblas_get_corename()) != "Prescott") return;
  const char* core = __builtin_cpu_supports("avx512bw") ? "SkylakeX" : __builtin_cpu_supports("avx2") ? "Haswell" : nullptr;
  if (core == nullptr) return;
  setenv("OPENBLAS_CORETYPE", core, 1);
  execv("/proc/self/exe", argv);
}

}  // namespace fedsim::benchmark
