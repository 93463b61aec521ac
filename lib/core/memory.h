// How much memory this process may use.
#pragma once

#include <cstdint>
#include <filesystem>

namespace fedsim {

/// Bytes of the machine, or of the control groups (version 1 or 2) that this process is in where they allow less.
std::int64_t usable_memory();

/// The smallest limit of the groups in `groups` (as /proc/self/cgroup), looked up under `root` (as /sys/fs/cgroup) and in
/// all groups above; the largest int64 where there is none.
std::int64_t group_memory_limit(const std::filesystem::path& groups, const std::filesystem::path& root);

}  // namespace fedsim
