// Which kernels this processor can run.
#include "train/compiled/kernels.h"

#include <cstring>
#include <initializer_list>
#include <type_traits>

namespace fedsim::compiled {

extern const Kernels<float> generic_float32;
extern const Kernels<double> generic_float64;
#if defined(__x86_64__)
extern const Kernels<float> avx2_float32, avx512_float32;
extern const Kernels<double> avx2_float64, avx512_float64;

void use_vnni(Kernels<float>&);
void use_vnni(Kernels<double>&);

namespace {
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw");
}

/// The table for AVX-512, with what this processor has for bytes beyond it.
template <class T>
Kernels<T> with_vnni(Kernels<T> kernels) {
  if (__builtin_cpu_supports("avx512vnni")) use_vnni(kernels);
  return kernels;
}
}  // namespace
#endif

template <class T>
const Kernels<T>* kernels_for(const char* instruction_set) {
  const auto is = [instruction_set](const char* name) { return std::strcmp(instruction_set, name) == 0; };
  const auto pick = [](const Kernels<float>& single, const Kernels<double>& twice) -> const Kernels<T>* {
    if constexpr (std::is_same_v<T, float>)
      return static_cast<void>(twice), &single;
    else
      return static_cast<void>(single), &twice;
  };
#if defined(__x86_64__)
  if (is("avx512")) {
    if (!has_avx512()) return nullptr;
    static const Kernels<float> single = with_vnni(avx512_float32);
    static const Kernels<double> twice = with_vnni(avx512_float64);
    return pick(single, twice);
  }
  if (is("avx512 without vnni")) return has_avx512() ? pick(avx512_float32, avx512_float64) : nullptr;
  if (is("avx2")) return has_avx2() ? pick(avx2_float32, avx2_float64) : nullptr;
#endif
  return is("generic") ? pick(generic_float32, generic_float64) : nullptr;
}

template <class T>
const Kernels<T>& best_kernels() {
  for (const char* name : {"avx512", "avx2"})
    if (const Kernels<T>* found = kernels_for<T>(name)) return *found;
  return *kernels_for<T>("generic");
}

template const Kernels<float>* kernels_for<float>(const char*);
template const Kernels<double>* kernels_for<double>(const char*);
template const Kernels<float>& best_kernels<float>();
template const Kernels<double>& best_kernels<double>();

}  // namespace fedsim::compiled
