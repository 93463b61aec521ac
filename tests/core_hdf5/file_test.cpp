#include "core/hdf5/file.h"

#include <cmath>
#include <cstdint>
#include <fstream>

#include "catch.hpp"
#include "temporary_folder.hpp"

namespace hdf5 = fedsim::hdf5;

namespace {

template <class T>
void check_round_trip(hdf5::Group root, const std::string& name, const std::vector<T>& values) {
  root.write<T>(name, {2, static_cast<std::int64_t>(values.size()) / 2}, values);
  const auto dataset = root.dataset(name);
  CHECK(dataset.type() == hdf5::type_of<T>());
  CHECK(dataset.shape() == hdf5::Dimensions{2, static_cast<std::int64_t>(values.size()) / 2});
  CHECK(dataset.read<T>() == values);
}

}  // namespace

TEST_CASE("hdf5: numbers of every type come back", "[hdf5]") {
  const TemporaryFolder folder;
  auto file = hdf5::File::create(folder / "a.h5");
  auto root = file.root();
  check_round_trip<std::int8_t>(root, "int8", {-128, 0, 1, 127});
  check_round_trip<std::uint8_t>(root, "uint8", {0, 1, 254, 255});
  check_round_trip<std::int32_t>(root, "int32", {INT32_MIN, -1, 0, INT32_MAX});
  check_round_trip<std::uint32_t>(root, "uint32", {0, 1, 2, UINT32_MAX});
  check_round_trip<std::int64_t>(root, "int64", {INT64_MIN, -1, 0, INT64_MAX});
  check_round_trip<float>(root, "float", {-0.1f, 1e-45f, 3.4e38f, INFINITY});
  check_round_trip<double>(root, "double", {-0.1, 5e-324, 1.7e308, -INFINITY});
  CHECK(root.children() ==
        std::vector<std::string>{"double", "float", "int32", "int64", "int8", "uint32", "uint8"});
}

TEST_CASE("hdf5: text and attributes come back after closing", "[hdf5]") {
  const TemporaryFolder folder;
  const std::vector<std::string> words{"", "Größe", "a longer one"};
  {
    auto file = hdf5::File::create(folder / "a.h5");
    auto root = file.root();
    root.create_group("model").write_text("names", words);
    root.set("config", std::string(100000, 'x'));  // more than an object header's 64 KiB
    root.set("empty", std::string());
    root.set("seed", std::int64_t{1});
    root.set("seed", std::int64_t{-7});
    root.set("ratio", 0.5);
    file.close();
  }
  const auto file = hdf5::File::open(folder / "a.h5");
  const auto root = file.root();
  CHECK(root.dataset("model/names").read_text() == words);
  CHECK(root.dataset("model/names").text_bytes() == 12);
  CHECK(root.text("config") == std::string(100000, 'x'));
  CHECK(root.text("empty").empty());
  CHECK(root.integer("seed") == -7);
  CHECK(root.number("seed") == -7.0);
  CHECK(root.number("ratio") == 0.5);
  CHECK(root.attributes() == std::vector<std::string>{"config", "empty", "ratio", "seed"});
  CHECK(root.has("model/names"));
  CHECK_FALSE(root.has("model/shapes"));
  CHECK(root.is_group("model"));
  CHECK_FALSE(root.is_group("model/names"));
  CHECK_THROWS_WITH(root.integer("ratio"), Catch::Contains("attribute 'ratio' is not an integer"));
  CHECK_THROWS_WITH(root.text("none"), Catch::Contains("has no attribute 'none'"));
  CHECK_THROWS_WITH(root.dataset("model/none"), Catch::Contains("a.h5: /model/none: not in the file"));
}

TEST_CASE("hdf5: rows are overwritten, appended and cut", "[hdf5]") {
  const TemporaryFolder folder;
  auto file = hdf5::File::create(folder / "a.h5");
  auto root = file.root();
  auto column = root.create<double>("column", {3}, 64, true);
  for (const double value : column.read<double>()) CHECK(std::isnan(value));
  const std::vector<double> two{1, 2};
  column.write_rows<double>(1, two);
  CHECK(column.read_rows<double>(1, 2) == two);
  column.resize(200);
  column.write_rows<double>(198, two);
  CHECK(column.read_rows<double>(198, 2) == two);
  CHECK(std::isnan(column.read_rows<double>(197, 1)[0]));
  column.resize(2);
  CHECK(column.rows() == 2);
  CHECK(column.read<double>()[1] == 1.0);
  CHECK_THROWS_AS(column.read_rows<double>(1, 2), fedsim::Error);
  auto matrix = root.create<std::int64_t>("matrix", {2, 3});
  CHECK(matrix.read<std::int64_t>() == std::vector<std::int64_t>(6, 0));
  const std::vector<std::int64_t> row{4, 5, 6};
  matrix.write_rows<std::int64_t>(1, row);
  CHECK(matrix.read<std::int64_t>() == std::vector<std::int64_t>{0, 0, 0, 4, 5, 6});
}

TEST_CASE("hdf5: numbers widen but never lose a whole number", "[hdf5]") {
  const TemporaryFolder folder;
  auto file = hdf5::File::create(folder / "a.h5");
  auto root = file.root();
  const std::vector<std::uint8_t> bytes{0, 200};
  const std::vector<double> reals{0.5, 1.5};
  const std::vector<std::int64_t> wide{1, 5000000000};
  const auto a = root.write<std::uint8_t>("bytes", {2}, bytes);
  const auto b = root.write<double>("reals", {2}, reals);
  const auto c = root.write<std::int64_t>("wide", {2}, wide);
  CHECK(a.read<std::int32_t>() == std::vector<std::int32_t>{0, 200});
  CHECK(a.read<float>() == std::vector<float>{0, 200});
  CHECK(b.read<float>() == std::vector<float>{0.5, 1.5});
  CHECK(c.read<double>() == std::vector<double>{1, 5e9});
  CHECK_THROWS_WITH(a.read<std::int8_t>(), Catch::Contains("/bytes: is uint8, expected int8"));
  CHECK_THROWS_WITH(b.read<std::int64_t>(), Catch::Contains("/reals: is float64, expected int64"));
  CHECK_THROWS_WITH(c.read<std::int32_t>(), Catch::Contains("is int64, expected int32"));
  CHECK_THROWS_WITH(c.read_text(), Catch::Contains("is int64, expected text"));
  CHECK_THROWS_WITH(c.expect_shape({-1, 3}), Catch::Contains("has shape 2, expected *x3"));
  CHECK_NOTHROW(c.expect_shape({-1}));
}

TEST_CASE("hdf5: files that can't be opened are told apart", "[hdf5]") {
  const TemporaryFolder folder;
  std::ofstream(folder / "text.h5") << "not HDF5";
  const auto opening = [&](const char* name) { return hdf5::File::open(folder / name); };
  CHECK_THROWS_WITH(opening("none.h5"), Catch::Contains("none.h5: no such file"));
  CHECK_THROWS_WITH(hdf5::File::open(folder.path()), Catch::Contains("is a folder"));
  CHECK_THROWS_WITH(opening("text.h5"), Catch::Contains("can't open it as HDF5"));
  auto file = hdf5::File::create(folder / "a.h5");
  CHECK_THROWS_AS(hdf5::File::create(folder / "a.h5"), fedsim::Error);
  CHECK_THROWS_AS(hdf5::File::create(folder / "missing/a.h5"), fedsim::Error);
  file.close();
  CHECK_FALSE(file.open());
  CHECK(hdf5::File::open(folder / "a.h5").root().children().empty());
  CHECK(hdf5::version().find('.') != std::string::npos);
}
