// A libFuzzer program of one target, FEDSIM_FUZZ_TARGET.
#include "fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto target = fedsim::fuzz::targets().at(FEDSIM_FUZZ_TARGET);
  fedsim::fuzz::run(target, {data, size});
  return 0;
}
