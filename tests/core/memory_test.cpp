#include "core/memory.h"

#include <fstream>
#include <limits>

#include "catch.hpp"
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
