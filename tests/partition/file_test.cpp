#include <filesystem>
#include <fstream>

#include "partition/index_file.h"
#include "partition/labelled.h"
#include "temporary_folder.hpp"

using namespace fedsim;
using test::labelled;
using test::make;

namespace {

class Folder : public TemporaryFolder {
 public:
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path() / name, std::ios::binary) << text;
    return path() / name;
  }
};

std::string error_of(const std::filesystem::path& path, const Dataset& data) {
  try {
    make<PartitionScheme>("file", {{"file", path.string()}})->split({&data, {}, 0, 1});
  } catch (const Error& error) {
    CHECK(error.exit() == Exit::data);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("text and JSON index lists", "[partition]") {
  const Folder folder;
  const Dataset data = labelled(20, 2);
  const std::vector<std::string> texts{"# two clients and an empty one\n3 17 4\n\n0  9\r\n", "3 17 4\n\n0 9",
                                       "[[3, 17,4],\n [], [0,9]]\n"};
  for (const std::string& text : texts) {
    CAPTURE(text);
    const auto path = folder.write("split", text);
    const Partition split =
        make<PartitionScheme>("file", {{"file", path.string()}})->split({&data, {}, 0, 1});
    CHECK(test::sizes_of(split) == std::vector<std::int64_t>{3, 0, 2});
    CHECK(split.indices == std::vector<std::uint32_t>{3, 17, 4, 0, 9});  // the order of the file
  }
}

TEST_CASE("an index file written by us reads back as the same split", "[partition]") {
  const Folder folder;
  const Dataset data = labelled(300, 10);
  const Partition split = make<PartitionScheme>("dirichlet", {{"alpha", 0.2}})->split({&data, {}, 12, 5});
  write_index_lists(folder / "split.h5", split, data);
  const auto scheme = make<PartitionScheme>("file", {{"file", (folder / "split.h5").string()}});
  const Partition again = scheme->split({&data, {}, 12, 1});
  CHECK(again.offsets == split.offsets);
  CHECK(again.indices == split.indices);
  CHECK(test::refused_option(*scheme, {&data, {}, 11, 1}) == "clients");
}

TEST_CASE("users' ranges are written as lists", "[partition]") {
  const Folder folder;
  Dataset data = labelled(9, 3);
  data.user_offsets = {0, 4, 9};
  const Partition split = make<PartitionScheme>("natural")->split({&data, {}, 0, 1});
  write_index_lists(folder / "split.h5", split, data);
  const IndexLists lists = read_index_lists(folder / "split.h5");
  CHECK(lists.offsets == std::vector<std::int64_t>{0, 4, 9});
  CHECK(lists.indices == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("bad index files are located", "[partition]") {
  const Folder folder;
  const Dataset data = labelled(20, 2);
  const auto contains = [&](const std::string& text, const std::string& part) {
    const std::string message = error_of(folder.write("bad", text), data);
    CAPTURE(text, message);
    CHECK(message.find(part) != std::string::npos);
  };
  contains("1 2\n3 x\n", "bad:2: expected a row number, got 'x'");
  contains("1 2\n3 -4\n", "bad:2: expected a row number, got '-4'");
  contains("1 2.5\n", "bad:1:");
  contains("1\n99999999999999999999\n", "bad:2: expected a row number");
  contains("[[1, 2], [3", "bad:1: expected ',' or ']', got the end of the file");
  contains("[1, 2]", "bad:1: expected '[', got '1, 2]'");
  contains("[[1]] x", "expected the end of the file");
  contains("", "no client");
  contains("0 20\n", "client 0 has row 20, but the training set of labelled has rows 0 to 19");
  contains("0 1\n2 1\n", "row 1 is there twice, the second time at client 1");
  contains("\x89HDF\r\n\x1a\n-not really", "bad");
  CHECK(error_of(folder / "missing", data).find("no such file") != std::string::npos);
  const auto scheme = make<PartitionScheme>("file", {{"file", folder.write("few", "1 3\n5\n").string()}});
  CHECK_THROWS_AS(scheme->split({&data, {1, 3, 7}, 0, 1}), DataError);  // 5 is not in the subset
  CHECK(test::refused_option(*make<PartitionScheme>("file"), {&data, {}, 0, 1}) == "file");
}
