#include "core/memory.h"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>

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

TEST_CASE("buffers begin at a cache line, large ones at a large page, and come back to the thread that freed them") {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{5000}, large_page, 2 * large_page, 3 * large_page + 100}) {
    const void* first = nullptr;
    {
      Buffer buffer(bytes);
      first = buffer.data();
      CHECK(reinterpret_cast<std::uintptr_t>(first) % (bytes < 2 * large_page ? 64 : large_page) == 0);
      std::memset(buffer.data(), 1, bytes);
    }
    if (bytes >= 4096) CHECK(Buffer(bytes).data() == first);
  }
}
