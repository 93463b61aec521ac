// What `fedsim --version` prints.
#pragma once

#include <string>

namespace fedsim::app {

/// "fedsim 0.1.0", then one library a line with the version that is running.
std::string version_text();

}  // namespace fedsim::app
