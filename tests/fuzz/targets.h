// What libFuzzer feeds: each target reads bytes of unknown origin as fedsim would, and may throw nothing but
// our errors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>

namespace fedsim::fuzz {

using Input = std::span<const std::uint8_t>;
using Target = void (*)(Input);

/// "config", "idx", "npy", "npz", "csv", "hdf5", "checkpoint", "result".
const std::map<std::string, Target>& targets();

/// Runs a target; what a user can mend is no finding, everything else leaves. True: the bytes were accepted.
bool run(Target target, Input bytes);

/// Writes FOLDER/TARGET/..., small valid files of each binary format, to begin from.
void write_seeds(const std::filesystem::path& folder);

}  // namespace fedsim::fuzz
