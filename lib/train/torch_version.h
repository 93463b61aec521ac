#pragma once

#include <string>

namespace fedsim {

/// "2.11.0": LibTorch's, as compiled against.
std::string torch_version();

}  // namespace fedsim
