#include "data/idx.h"

#include "catch.hpp"
#include "data/files.h"

namespace fedsim::test {
namespace {

/// Two training and one test image of 2x2.
struct SmallSet {
  TempFolder folder;
  std::string images = idx({2, 2, 2}, std::string("\x00\x33\x66\xff\x01\x02\x03\x04", 8));
  std::string labels = idx({2}, std::string("\x09\x00", 2));
  std::string test_images = idx({1, 2, 2}, "\x05\x06\x07\x08");
  std::string test_labels = idx({1}, "\x03");
  bool zipped = false;

  void write(const std::string& name, const std::string& content) const {
    write_file(folder.path() / "mnist" / (zipped ? name + ".gz" : name), zipped ? gzip(content) : content);
  }
  Dataset load() const {
    write("train-images-idx3-ubyte", images);
    write("train-labels-idx1-ubyte", labels);
    write("t10k-images-idx3-ubyte", test_images);
    write("t10k-labels-idx1-ubyte", test_labels);
    DataContext context;
    context.data_root = folder.path();
    return load_source("mnist", {}, context);
  }
  std::string error() const {
    return data_error([&] { load(); });
  }
};

}  // namespace

TEST_CASE("idx: the same from plain and gzipped files, scaled to [0, 1]") {
  SmallSet set;
  set.zipped = GENERATE(false, true);
  const auto data = set.load();
  CHECK(data.sample_shape == Shape{1, 2, 2});
  CHECK(data.classes == 10);
  CHECK(data.labels == std::vector<std::int32_t>{9, 0});
  CHECK(data.train->size() == 2);
  CHECK(data.test->size() == 1);
  const auto got = gather(*data.train, 0, 2, data);
  CHECK(got.x ==
        std::vector<float>{0, 51 / 255.F, 102 / 255.F, 1, 1 / 255.F, 2 / 255.F, 3 / 255.F, 4 / 255.F});
  CHECK(got.y == std::vector<std::int32_t>{9, 0});
  CHECK(data.origin == (set.folder.path() / "mnist").string());
}

TEST_CASE("idx: bad input is named with what was expected and found") {
  using Catch::Contains;
  SmallSet set;
  SECTION("bad magic") {
    set.images[2] = '\x0d';
    CHECK_THAT(set.error(), Contains("expected magic 00000803, found 00000d03") && Contains("train-images"));
  }
  SECTION("labels where images should be") {
    set.images = set.labels;
    CHECK_THAT(set.error(), Contains("found 00000801"));
  }
  SECTION("shorter than the header says: 16 + 8 bytes") {
    set.images.pop_back();
    CHECK_THAT(set.error(), Contains("expected 24 bytes (header says 2x2x2), found 23"));
  }
  SECTION("longer") {
    set.images += 'x';
    CHECK_THAT(set.error(), Contains("expected 24 bytes (header says 2x2x2), found 25"));
  }
  SECTION("shorter inside gzip") {
    set.zipped = true;
    set.images.pop_back();
    CHECK_THAT(set.error(), Contains("expected 24 bytes (header says 2x2x2), found 23"));
  }
  SECTION("longer inside gzip") {
    set.zipped = true;
    set.images += 'x';
    CHECK_THAT(set.error(), Contains("expected 24 bytes") && Contains("found more"));
  }
  SECTION("counts differ") {
    set.labels = idx({1}, "\x01");
    CHECK_THAT(set.error(), Contains("holds 2 images") && Contains("holds 1 labels"));
  }
  SECTION("a product beyond 63 bits is refused before anything is allocated") {
    set.images = idx({0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, "");
    CHECK_THAT(set.error(), Contains("too many"));
  }
  SECTION("a large product is refused by the size of the file") {
    set.images = idx({0x80000000, 0x10000, 2}, "");
    CHECK_THAT(set.error(), Contains("found 16"));
  }
  SECTION("a large product is refused by what gzip data can unpack to") {
    set.zipped = true;
    set.images = idx({0x80000000, 0x10000, 2}, "");
    CHECK_THAT(set.error(), Contains("at most"));
  }
  SECTION("a label beyond the classes") {
    set.labels = idx({2}, "\x01\x0a");
    CHECK_THAT(set.error(), Contains("label 10 at index 1; expected 0 to 9") && Contains("train-labels"));
  }
  SECTION("test images of another size") {
    set.test_images = idx({1, 1, 2}, "ab");
    CHECK_THAT(set.error(), Contains("images of 1x1x2, expected 1x2x2"));
  }
  SECTION("an empty test set") {
    set.test_images = idx({0, 2, 2}, "");
    set.test_labels = idx({0}, "");
    CHECK_THAT(set.error(), Contains("t10k-images") && Contains("no samples"));
  }
  SECTION("an empty file") {
    set.images.clear();
    CHECK_THAT(set.error(), Contains("the file is empty"));
  }
}

TEST_CASE("idx: damaged gzip data is found by its checksum") {
  TempFolder folder;
  auto packed = gzip(idx({3}, "\x01\x02\x03"));
  packed[packed.size() - 6] = static_cast<char>(packed[packed.size() - 6] ^ 1);  // a bit of the CRC
  write_file(folder / "labels.gz", packed);
  CHECK_THAT(data_error([&] { read_idx(folder / "labels.gz", 1); }), Catch::Contains("damaged gzip data"));
  packed.resize(packed.size() - 9);
  write_file(folder / "labels.gz", packed);
  CHECK_THAT(data_error([&] { read_idx(folder / "labels.gz", 1); }), Catch::Contains("damaged gzip data"));
}

TEST_CASE("idx: the real Fashion-MNIST") {
  DataContext context;
  const std::filesystem::path package = "/usr/share/datasets";
  if (!std::filesystem::exists(package / "fashion-mnist")) {
    WARN("skipped: Debian's package dataset-fashion-mnist is not installed");
    return;
  }
  context.data_root = package;
  context.scale = "standard";
  const auto data = load_source("fashion-mnist", {}, context);
  CHECK(data.train->size() == 60000);
  CHECK(data.test->size() == 10000);
  std::vector<int> per_class(10);
  for (const auto label : data.labels) ++per_class[static_cast<std::size_t>(label)];
  CHECK(per_class == std::vector<int>(10, 6000));  // the data set is balanced, arXiv:1708.07747 section 2
  // Standardised by its own mean and deviation: mean 0 and variance 1 over all 47,040,000 pixels.
  double sum = 0, squares = 0;
  for (std::int64_t row = 0; row < 60000; row += 1000)
    for (const auto value : gather(*data.train, row, 1000, data).x)
      sum += value, squares += double{value} * value;
  CHECK(std::abs(sum / 47040000) < 1e-6);
  CHECK(std::abs(squares / 47040000 - 1) < 1e-6);
}

}  // namespace fedsim::test
