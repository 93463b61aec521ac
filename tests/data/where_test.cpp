#include "data/where.h"

#include <stdlib.h>

#include "catch.hpp"
#include "data/files.h"

namespace fedsim::test {
namespace {

/// FEDSIM_DATA for one test case, as it was afterwards.
class Variable {
 public:
  explicit Variable(const char* value) {
    if (const char* old = getenv("FEDSIM_DATA")) old_ = old, was_set_ = true;
    if (value)
      setenv("FEDSIM_DATA", value, 1);
    else
      unsetenv("FEDSIM_DATA");
  }
  ~Variable() {
    if (was_set_)
      setenv("FEDSIM_DATA", old_.c_str(), 1);
    else
      unsetenv("FEDSIM_DATA");
  }

 private:
  std::string old_;
  bool was_set_ = false;
};

}  // namespace

TEST_CASE("where: the variable wins over root, root over the source tree, the package folder is last") {
  TempFolder folder;
  DataContext context;
  context.data_root = folder / "root";
  context.source_tree = folder / "tree";
  context.install_prefix = folder / "prefix";
  for (const auto* place : {"variable/toy", "root/toy", "tree/datasets/data/toy", "prefix/share/fedsim/toy"})
    write_file(folder.path() / place / "toy.bin", "x");
  const Variable variable((folder / "variable").c_str());
  for (const auto* place :
       {"variable/toy", "root/toy", "tree/datasets/data/toy", "prefix/share/fedsim/toy"}) {
    CHECK(find_dataset(context, "toy", {"toy.bin"}) == folder.path() / place);
    std::filesystem::remove_all(folder.path() / place);
  }
  CHECK(data_folders(context).back() == "/usr/share/datasets");
}

TEST_CASE("where: root is relative to the config; a folder that is called like the data set counts itself") {
  TempFolder folder;
  const Variable variable(nullptr);
  DataContext context;
  context.config_folder = folder.path();
  context.data_root = "here/toy";
  write_file(folder.path() / "here/toy/toy.bin.gz", "x");
  CHECK(find_dataset(context, "toy", {"toy.bin"}) == folder.path() / "here/toy");
}

TEST_CASE("where: not found lists what was tried and the script") {
  TempFolder folder;
  const Variable variable((folder / "nowhere").c_str());
  DataContext context;
  context.data_root = folder / "root";
  const auto message = data_error([&] { find_dataset(context, "no-such-set", {"a.bin"}); });
  CHECK_THAT(message, Catch::Contains((folder / "nowhere").string() + "/no-such-set") &&
                          Catch::Contains((folder / "root").string() + "/no-such-set") &&
                          Catch::Contains("/usr/share/datasets/no-such-set") &&
                          Catch::Contains("datasets/scripts/no-such-set/fetch.sh"));
}

TEST_CASE("where: one file of a set missing") {
  TempFolder folder;
  write_file(folder / "a", "x");
  CHECK(plain_or_gzip(folder.path(), "a") == folder / "a");
  CHECK_THAT(data_error([&] { plain_or_gzip(folder.path(), "b"); }),
             Catch::Contains("/b: no such file, nor b.gz"));
}

}  // namespace fedsim::test
