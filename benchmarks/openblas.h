// OpenBLAS as it should be measured.
#pragma once

#include <cblas.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace fedsim::benchmark {

/// One thread, and the kernels that the processor has the instructions for: OpenBLAS picks them when it is loaded, by the
/// processor's model, and of a model that it does not know, as some virtual machines show one, it takes those for SSE3, a fifth
/// as fast. Then starts this program again with others; call it first in main.
inline void prepare_openblas(char** argv) {
  openblas_set_num_threads(1);
  if (std::getenv("OPENBLAS_CORETYPE") || std::string_view(openblas_get_corename()) != "Prescott") return;
  const char* core = __builtin_cpu_supports("avx512bw") ? "SkylakeX" : __builtin_cpu_supports("avx2") ? "Haswell" : nullptr;
  if (core == nullptr) return;
  setenv("OPENBLAS_CORETYPE", core, 1);
  execv("/proc/self/exe", argv);
  std::perror("OpenBLAS stays with kernels for SSE3, rates are too low: can't start again");
}

}  // namespace fedsim::benchmark
