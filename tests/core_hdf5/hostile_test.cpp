// Files that a stranger could send: each is refused, by the name of the object and with the reason.
#include <hdf5.h>

#include <fstream>

#include "catch.hpp"
#include "core/hdf5/file.h"
#include "temporary_folder.hpp"

namespace hdf5 = fedsim::hdf5;

namespace {

struct Maker {
  explicit Maker(const std::filesystem::path& path)
      : file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)) {
    REQUIRE(file >= 0);
  }
  ~Maker() { H5Fclose(file); }
  // A dataset of float64 with the creation list `list` (closed here).
  void dataset(const char* name, std::vector<hsize_t> shape, hid_t list) const {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t id = H5Dcreate2(file, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
    REQUIRE(id >= 0);
    H5Dclose(id);
    H5Sclose(space);
    H5Pclose(list);
  }
  hid_t file;
};

hid_t creation_list() { return H5Pcreate(H5P_DATASET_CREATE); }

void check_refused(const std::filesystem::path& path, const std::string& name, const std::string& reason) {
  const auto file = hdf5::File::open(path);
  try {
    file.root().dataset(name).read<double>();
    FAIL("was read: " + name);
  } catch (const fedsim::Error& error) {
    CHECK_THAT(error.what(),
               Catch::Contains(path.string()) && Catch::Contains(name) && Catch::Contains(reason));
    CHECK(error.exit() == fedsim::Exit::data);
  }
}

}  // namespace

TEST_CASE("hdf5: links are not followed", "[hdf5]") {
  const TemporaryFolder folder;
  {
    const Maker make(folder / "a.h5");
    REQUIRE(H5Lcreate_soft("/loop", make.file, "loop", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    REQUIRE(H5Lcreate_external("/etc/other.h5", "/x", make.file, "outside", H5P_DEFAULT, H5P_DEFAULT) >= 0);
  }
  check_refused(folder / "a.h5", "loop", "soft link");
  CHECK_THROWS_WITH(hdf5::File::open(folder / "a.h5").root().dataset("loop/deeper"),
                    Catch::Contains("/loop: is a soft link"));
  check_refused(folder / "a.h5", "outside", "external link");
}

TEST_CASE("hdf5: storage outside the file is refused", "[hdf5]") {
  const TemporaryFolder folder;
  {
    const Maker make(folder / "a.h5");
    const hid_t external = creation_list();
    REQUIRE(H5Pset_external(external, "/etc/passwd", 0, 80) >= 0);
    make.dataset("external", {10}, external);
    const hid_t virtual_list = creation_list();
    const hsize_t ten = 10;
    const hid_t space = H5Screate_simple(1, &ten, nullptr);
    REQUIRE(H5Pset_virtual(virtual_list, space, "/etc/other.h5", "x", space) >= 0);
    H5Sclose(space);
    make.dataset("virtual", {10}, virtual_list);
  }
  check_refused(folder / "a.h5", "external", "external storage");
  check_refused(folder / "a.h5", "virtual", "virtual dataset");
}

TEST_CASE("hdf5: filters that need other code are refused", "[hdf5]") {
  const TemporaryFolder folder;
  {
    const Maker make(folder / "a.h5");
    const hid_t list = creation_list();
    const hsize_t chunk = 10;
    H5Pset_chunk(list, 1, &chunk);
    REQUIRE(H5Pset_filter(list, 32001, H5Z_FLAG_OPTIONAL, 0, nullptr) >= 0);  // registered number of blosc
    make.dataset("blosc", {10}, list);
  }
  check_refused(folder / "a.h5", "blosc", "filter 32001");
}

TEST_CASE("hdf5: more data than the file can hold is refused before it is allocated", "[hdf5]") {
  const TemporaryFolder folder;
  {
    const Maker make(folder / "a.h5");
    make.dataset("huge", {1ull << 20, 1ull << 20}, creation_list());  // 8 TiB, nothing stored yet
    make.dataset("overflow", {1ull << 20, 1ull << 20, 1ull << 20}, [] {
      const hid_t list = creation_list();
      const hsize_t chunk[3] = {1, 1, 16};
      H5Pset_chunk(list, 3, chunk);
      return list;
    }());
    make.dataset("bomb", {1ull << 32}, [] {
      const hid_t list = creation_list();
      const hsize_t chunk = 1 << 16;
      H5Pset_chunk(list, 1, &chunk);
      H5Pset_deflate(list, 9);
      return list;
    }());
    make.dataset("chunk", {10}, [] {
      const hid_t list = creation_list();
      const hsize_t chunk = 10;
      H5Pset_chunk(list, 1, &chunk);
      H5Pset_deflate(list, 9);
      return list;
    }());
  }
  check_refused(folder / "a.h5", "huge", "more than the file");
  check_refused(folder / "a.h5", "overflow", "multiply to more bytes than any file holds");
  check_refused(folder / "a.h5", "bomb", "more than the file");
  const auto file = hdf5::File::open(folder / "a.h5");
  CHECK(file.root().dataset("chunk").read<double>() == std::vector<double>(10, 0.0));  // deflate is read
}

TEST_CASE("hdf5: a truncated file is refused", "[hdf5]") {
  const TemporaryFolder folder;
  {
    auto file = hdf5::File::create(folder / "a.h5");
    const std::vector<double> values(1000, 1.0);
    file.root().write<double>("x", {1000}, values);
    file.close();
  }
  const auto whole = std::filesystem::file_size(folder / "a.h5");
  for (const auto bytes : {whole - 1, whole / 2, std::uintmax_t{100}, std::uintmax_t{8}, std::uintmax_t{0}}) {
    std::filesystem::resize_file(folder / "a.h5", bytes);
    CHECK_THROWS_AS(hdf5::File::open(folder / "a.h5"), fedsim::Error);
  }
}

namespace {

/// One bit of the number `value`, which the file has once.
void flip_bit_of(const std::filesystem::path& path, double value) {
  std::string bytes;
  {
    std::ifstream in(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  const auto at = bytes.find(std::string(reinterpret_cast<const char*>(&value), sizeof value));
  REQUIRE(at != std::string::npos);
  bytes[at + 2] = static_cast<char>(bytes[at + 2] ^ 4);
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace

TEST_CASE("hdf5: a flipped bit in the data is found", "[hdf5]") {
  const TemporaryFolder folder;
  std::vector<double> values(500, 0.123456789);
  values[7] = 0.987654321;
  {
    auto file = hdf5::File::create(folder / "a.h5");
    file.root().write<double>("x", {500}, values);
    file.close();
  }
  flip_bit_of(folder / "a.h5", 0.987654321);
  const auto file = hdf5::File::open(folder / "a.h5");
  CHECK_THROWS_WITH(file.root().dataset("x").read<double>(), Catch::Contains("/x: can't read it"));
}

TEST_CASE("hdf5: reading through, as is done in the child, misses nothing in the middle", "[hdf5]") {
  const TemporaryFolder folder;
  constexpr std::int64_t rows = 300'000;  // of 5 numbers: 12 MB, several pieces
  std::vector<double> values(static_cast<std::size_t>(rows) * 5, 0.5);
  values[static_cast<std::size_t>(rows) * 3] = 0.987654321;
  {
    auto file = hdf5::File::create(folder / "a.h5");
    auto x = file.root().create<double>("x", {0, 5}, 1000);
    x.resize(rows);
    x.write_rows<double>(0, values);
    file.close();
  }
  const auto whole = hdf5::File::open_foreign(folder / "a.h5");
  CHECK_NOTHROW(whole.root().dataset("x").read_through());
  flip_bit_of(folder / "a.h5", 0.987654321);
  const auto file = hdf5::File::open_foreign(folder / "a.h5");
  const auto x = file.root().dataset("x");
  CHECK_NOTHROW(x.read_rows<double>(0, 1));
  CHECK_NOTHROW(x.read_rows<double>(rows - 1, 1));
  CHECK_THROWS_WITH(x.read_through(), Catch::Contains("/x: can't read it"));
}
