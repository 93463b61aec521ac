#include "config/tree.h"

#include <fstream>

#include "catch.hpp"
#include "temporary_folder.hpp"

using namespace fedsim;
namespace fs = std::filesystem;

TEST_CASE("the tree of a config is its folder, the folder configs around it, or the checkout", "[config]") {
  const TemporaryFolder folder;
  const fs::path top = fs::canonical(folder.path());
  fs::create_directories(top / "project/configs/examples");
  fs::create_directories(top / "project/plain");
  CHECK(ConfigTree(top / "project/plain/a.toml").root() == top / "project/plain");
  CHECK(ConfigTree(top / "project/configs/examples/a.toml").root() == top / "project/configs");
  fs::create_directories(top / "project/.git");
  CHECK(ConfigTree(top / "project/plain/a.toml").root() == top / "project");
  CHECK(ConfigTree(top / "project/configs/examples/a.toml").root() == top / "project");
}

TEST_CASE("a path leaves the tree by .., by being absolute, by a link, and by a name that begins alike", "[config]") {
  const TemporaryFolder folder;
  const fs::path top = fs::canonical(folder.path()), own = top / "own";
  fs::create_directories(own / "data");
  fs::create_directories(top / "owner");
  fs::create_directory_symlink(top / "owner", own / "link");
  fs::create_directory_symlink(own / "data", own / "inner");
  const ConfigTree tree(own / "a.toml");
  for (const char* inside : {"b.toml", "data/x.csv", "data/../x.csv", "inner/x.csv", "absent/x.csv", "."})
    CHECK(tree.holds(own / inside));
  for (const char* outside : {"../b.toml", "data/../../x.csv", "link/x.csv", "../owner/x.csv", "/etc/passwd", ".."})
    CHECK_FALSE(tree.holds(own / outside));
}
