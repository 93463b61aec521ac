// How much memory this process may use, and how it is laid out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace fedsim {

/// Bytes of the machine, or of the control groups (version 1 or 2) that this process is in where they allow less.
std::int64_t usable_memory();

/// The smallest limit of the groups in `groups` (as /proc/self/cgroup), looked up under `root` (as /sys/fs/cgroup) and in
/// all groups above; the largest int64 where there is none.
std::int64_t group_memory_limit(const std::filesystem::path& groups, const std::filesystem::path& root);

inline constexpr std::size_t large_page = std::size_t{2} << 20;

/// Asks for large pages for those whole ones in [data, data + bytes) that no one has touched yet; `data` at a multiple of
/// large_page.
void advise_large_pages(void* data, std::size_t bytes);

/// Asks for large pages under [data, data + bytes), which is read at random places: where every read would be of another
/// small page, finding the page costs more than the read. Does nothing where the system can't, or for few bytes.
void use_large_pages(const void* data, std::size_t bytes);

/// For the rest of the process: vectors of models up to 32 MB come from and go back to the heap, which as a rule keeps
/// what is freed. By default the C library maps large ones anew and gives free memory back, and every page that is touched
/// for the first time costs as much as the arithmetic on it. Does nothing where the C library has no such setting.
void keep_freed_memory();

/// Bytes of the cache of the second level, a core's own as a rule; 0 where the system does not say.
std::size_t second_level_cache();

}  // namespace fedsim
