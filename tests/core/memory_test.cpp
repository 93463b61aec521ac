#include "core/memory.h"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "core/buffer.h"
#include "temporary_folder.hpp"

using namespace fedsim;

namespace {

void write(const std::filesystem::path& file, const char* text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

}  // namespace

TEST_CASE("the limit of memory is the smallest of all groups above, of either version") {
  const TemporaryFolder folder;
  const auto root = folder / "cgroup", groups = folder / "self";
  write(groups, "0::/user/job\n");
  CHECK(group_memory_limit(groups, root) == std::numeric_limits<std::int64_t>::max());
  write(root / "user/job/memory.max", "max\n");
  write(root / "user/memory.max", "5000\n");
  CHECK(group_memory_limit(groups, root) == 5000);
  write(root / "user/job/memory.max", "3000\n");
  CHECK(group_memory_limit(groups, root) == 3000);
  write(groups, "9:name=systemd:/\n4:cpu,memory:/job\n0::/\n");
  write(root / "memory/job/memory.limit_in_bytes", "2000\n");
  CHECK(group_memory_limit(groups, root) == 2000);
  CHECK(group_memory_limit(folder / "absent", root) == std::numeric_limits<std::int64_t>::max());
  CHECK(usable_memory() > 0);
}

TEST_CASE("buffers begin at a cache line, large ones at a large page") {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{5000}, large_page, 2 * large_page, 3 * large_page + 100}) {
    Buffer buffer(bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % (bytes < 2 * large_page ? 64 : large_page) == 0);
    std::memset(buffer.data(), 1, bytes);
  }
}

TEST_CASE("buffers come back to the thread that freed them, a hundred small ones and some large ones") {
  for (const auto& [count, bytes] : {std::pair(100, std::size_t{1}), std::pair(100, std::size_t{5000}), std::pair(10, large_page),
                                    std::pair(3, 2 * large_page), std::pair(3, 3 * large_page + 100)}) {
    const auto taken = [count = count, bytes = bytes] {
      std::vector<Buffer> buffers;
      for (int i = 0; i < count; ++i) buffers.emplace_back(bytes);
      std::set<const void*> all;
      for (const Buffer& buffer : buffers) all.insert(buffer.data());
      return all;
    };
    const auto before = taken();
    CHECK(before.size() == static_cast<std::size_t>(count));
    CHECK((taken() == before) == Buffer::keeps_freed());
  }
}
