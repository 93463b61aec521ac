// The resolved config: every default filled in, as text that reads back to itself, and its hash.
#pragma once

#include <string>
#include <vector>

#include "config/reader.h"

namespace fedsim {

std::string resolved_text(const std::vector<ResolvedTable>& tables);

/// BLAKE2b-256 of the resolved config without what cannot change a round (name, rounds, threads, [output]). A
/// file counts by its content, so that a moved copy of an experiment has the same hash.
std::string resolved_hash(const std::vector<ResolvedTable>& tables);

}  // namespace fedsim
