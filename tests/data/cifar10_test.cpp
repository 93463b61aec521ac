#include "catch.hpp"
#include "data/files.h"

namespace fedsim::test {
namespace {

std::string record(int label, int pixel) {
  return std::string(1, static_cast<char>(label)) + std::string(3072, static_cast<char>(pixel));
}

DataContext with_root(const TempFolder& folder) {
  DataContext context;
  context.data_root = folder.path();
  context.scale = "none";
  return context;
}

}  // namespace

TEST_CASE("cifar10: batches in order, in the folder itself or as the archive unpacks") {
  TempFolder folder;
  const std::string inside = GENERATE("cifar10/", "cifar10/cifar-10-batches-bin/");
  for (int batch = 1; batch <= 5; ++batch)
    write_file(folder / (inside + "data_batch_" + std::to_string(batch) + ".bin"), record(batch, 10 * batch));
  write_file(folder / (inside + "test_batch.bin"), record(9, 200) + record(0, 201));
  const auto data = load_source("cifar10", {}, with_root(folder));
  CHECK(data.sample_shape == Shape{3, 32, 32});
  CHECK(data.labels == std::vector<std::int32_t>{1, 2, 3, 4, 5});
  CHECK(data.test->size() == 2);
  const auto got = gather(*data.train, 2, 1, data);
  CHECK(got.x == std::vector<float>(3072, 30));
}

TEST_CASE("cifar10: a cut record and a missing batch are named") {
  TempFolder folder;
  for (int batch = 1; batch <= 5; ++batch)
    write_file(folder / ("cifar10/data_batch_" + std::to_string(batch) + ".bin"), record(1, 1));
  CHECK_THAT(data_error([&] { load_source("cifar10", {}, with_root(folder)); }),
             Catch::Contains("test_batch.bin: no such file"));
  write_file(folder / "cifar10/test_batch.bin", record(1, 1).substr(0, 3000));
  CHECK_THAT(data_error([&] { load_source("cifar10", {}, with_root(folder)); }),
             Catch::Contains("test_batch.bin: the last record has 3000 bytes, expected 3073"));
  write_file(folder / "cifar10/test_batch.bin", record(11, 1));
  CHECK_THAT(data_error([&] { load_source("cifar10", {}, with_root(folder)); }),
             Catch::Contains("label 11 at index 0; expected 0 to 9"));
}

}  // namespace fedsim::test
