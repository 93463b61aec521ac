// Every key that a config can have, from the visit()s and the registries, for suggestions and `fedsim list`.
#pragma once

#include <string>
#include <vector>

#include "config/reader.h"

namespace fedsim {

std::vector<KnownKey> known_keys();

/// The tables of this version, in the order of the pipeline.
const std::vector<std::string>& known_tables();
/// Tables of the interface that this version does not have yet.
const std::vector<std::string>& later_tables();

}  // namespace fedsim
