#include "run/tbb_version.h"

#include <oneapi/tbb/version.h>

namespace fedsim {

std::string tbb_version() { return TBB_runtime_version(); }

}  // namespace fedsim
