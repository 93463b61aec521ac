#include <functional>

#include "catch.hpp"
#include "core/hdf5/file.h"
#include "data/files.h"

namespace fedsim::test {
namespace {

Dataset load(const TempFolder& folder, const std::function<void(hdf5::Group&)>& fill) {
  {
    std::filesystem::remove(folder / "q.h5");
    auto file = hdf5::File::create(folder / "q.h5");
    auto root = file.root();
    fill(root);
    file.close();
  }
  return load_source("quadratic", {{"file", (folder / "q.h5").string()}});
}

void write(hdf5::Group& root, const std::string& name, const hdf5::Dimensions& shape,
           const std::vector<double>& values) {
  root.write<double>(name, shape, values);
}

void two_clients(hdf5::Group& root) {
  write(root, "H", {2, 2, 2}, {1, 0, 0, 1, 2, 1, 1, 3});
  write(root, "c", {2, 2}, {1, 2, 3, 4});
}

}  // namespace

TEST_CASE("quadratic: defaults are one sample each and a start at 0") {
  TempFolder folder;
  const auto data = load(folder, two_clients);
  REQUIRE(data.quadratic);
  CHECK(data.quadratic->clients == 2);
  CHECK(data.quadratic->hessian == std::vector<double>{1, 0, 0, 1, 2, 1, 1, 3});
  CHECK(data.quadratic->center == std::vector<double>{1, 2, 3, 4});
  CHECK(data.quadratic->start == std::vector<double>{0, 0});
  CHECK(data.quadratic->steps.empty());
  CHECK(data.user_offsets == std::vector<std::int64_t>{0, 1, 2});
  CHECK(data.sample_shape == Shape{2});
}

TEST_CASE("quadratic: samples become virtual rows of the users") {
  TempFolder folder;
  const auto data = load(folder, [](hdf5::Group& root) {
    two_clients(root);
    root.write<std::int64_t>("samples", {2}, std::vector<std::int64_t>{5, 3000000000});
    root.write<std::int32_t>("steps", {2}, std::vector<std::int32_t>{1, 7});
    write(root, "w0", {2}, {-1, 0.5});
  });
  CHECK(data.user_offsets == std::vector<std::int64_t>{0, 5, 3000000005});
  CHECK(data.train->size() == 3000000005);
  CHECK(data.quadratic->steps == std::vector<std::int64_t>{1, 7});
  CHECK(data.quadratic->start == std::vector<double>{-1, 0.5});
}

TEST_CASE("quadratic: what does not fit is named") {
  TempFolder folder;
  const auto error = [&](const std::function<void(hdf5::Group&)>& fill) {
    return data_error([&] { load(folder, fill); });
  };
  using Catch::Contains;
  CHECK_THAT(error([](auto& root) { write(root, "c", {1, 2}, {1, 2}); }), Contains("/H"));
  CHECK_THAT(error([](auto& root) {
               write(root, "c", {1, 2}, {1, 2});
               write(root, "H", {1, 1, 2}, {1, 2});
             }),
             Contains("/H") && Contains("1x1x2") && Contains("1x2x2"));
  CHECK_THAT(error([](auto& root) {
               write(root, "c", {1, 2}, {1, 2});
               write(root, "H", {1, 2, 2}, {1, 2, 3, 4});
             }),
             Contains("H[0] is not symmetric"));
  CHECK_THAT(error([](auto& root) {
               write(root, "c", {1, 1}, {std::numeric_limits<double>::infinity()});
               write(root, "H", {1, 1, 1}, {1});
             }),
             Contains("/c") && Contains("inf at index 0"));
  CHECK_THAT(error([](auto& root) {
               two_clients(root);
               root.template write<std::int64_t>("samples", {2}, std::vector<std::int64_t>{1, 0});
             }),
             Contains("/samples") && Contains("0 at index 1"));
  CHECK_THAT(error([](auto& root) {
               two_clients(root);
               root.template write<std::int64_t>("steps", {1}, std::vector<std::int64_t>{1});
             }),
             Contains("/steps"));
}

TEST_CASE("quadratic: a file is needed, and must be HDF5") {
  TempFolder folder;
  CHECK_THROWS_AS(load_source("quadratic", {}), OptionError);
  write_file(folder / "q.h5", "not HDF5");
  CHECK_THAT(data_error([&] {
               load_source("quadratic", {{"file", (folder / "q.h5").string()}});
             }),
             Catch::Contains("q.h5"));
}

}  // namespace fedsim::test
