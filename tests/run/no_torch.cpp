// The tests of the scheduler are without LibTorch: it has no threads to be told of.
#include "train/torch_threads.h"

namespace fedsim {

void use_one_torch_thread() {}

}  // namespace fedsim
