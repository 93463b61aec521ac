#include "core/memory.h"

#include <sys/mman.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace fedsim {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();

/// The number in a file; "max", or what is no number, is no limit.
std::int64_t number_in(const fs::path& file) {
  std::ifstream stream(file);
  std::int64_t value = 0;
  return stream >> value && value > 0 ? value : no_limit;
}

/// Of a group and all above it.
std::int64_t limit_along(const fs::path& root, const fs::path& group, const char* file) {
  std::int64_t limit = number_in(root / file);
  fs::path at = root;
  for (const auto& part : group.relative_path()) limit = std::min(limit, number_in((at /= part) / file));
  return limit;
}

}  // namespace

std::int64_t group_memory_limit(const fs::path& groups, const fs::path& root) {
  std::int64_t limit = no_limit;
  std::ifstream stream(groups);
  for (std::string line; std::getline(stream, line);) {
    // "0::/group" of version 2, "4:memory:/group" of version 1.
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const fs::path group = line.substr(second + 1);
    if (controllers == ",,")
      limit = std::min(limit, limit_along(root, group, "memory.max"));
    else if (controllers.find(",memory,") != std::string::npos)
      limit = std::min(limit, limit_along(root / "memory", group, "memory.limit_in_bytes"));
  }
  return limit;
}

std::int64_t usable_memory() {
  const std::int64_t pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGESIZE);
  const std::int64_t machine = pages > 0 && page > 0 ? pages * page : no_limit;
  return std::min(machine, group_memory_limit("/proc/self/cgroup", "/sys/fs/cgroup"));
}

void advise_large_pages(void* data, std::size_t bytes) {
#if defined(MADV_HUGEPAGE)
  static_cast<void>(madvise(data, bytes / large_page * large_page, MADV_HUGEPAGE));  // small pages do as well
#endif
}

void use_large_pages(const void* data, std::size_t bytes) {
#if defined(__linux__)
  constexpr std::uintptr_t page = large_page;
  constexpr int collapse = 25;  // MADV_COLLAPSE, since Linux 6.1; older C libraries don't name it
  const auto first = (reinterpret_cast<std::uintptr_t>(data) + page - 1) / page * page;
  const auto last = (reinterpret_cast<std::uintptr_t>(data) + bytes) / page * page;
  if (bytes < 8 * page || last <= first) return;
  static_cast<void>(madvise(reinterpret_cast<void*>(first), last - first, collapse));  // small pages do as well
#endif
}

void keep_freed_memory() {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most that it takes
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
}

std::size_t second_level_cache() {
  const long bytes = ::sysconf(_SC_LEVEL2_CACHE_SIZE);
  return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

}  // namespace fedsim
