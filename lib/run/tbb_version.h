#pragma once

#include <string>

namespace fedsim {

/// "2021.8": of the oneTBB that is running.
std::string tbb_version();

}  // namespace fedsim
