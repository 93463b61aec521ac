#include <zlib.h>

#include <array>
#include <bit>
#include <cstring>

#include "catch.hpp"
#include "data/files.h"
#include "data/npy.h"
#include "data/zip.h"

namespace fedsim::test {
namespace {

using Catch::Contains;

std::string little(std::uint64_t value, int width) {
  std::string out;
  for (int i = 0; i < width; ++i) out.push_back(static_cast<char>(value >> 8 * i & 0xFF));
  return out;
}

/// An NPY file of version `major`.
std::string npy(const std::string& descr, const std::string& shape, const std::string& data,
                bool fortran = false, int major = 1) {
  const auto dict = "{'descr': " + descr + ", 'fortran_order': " + (fortran ? "True" : "False") +
                    ", 'shape': " + shape + ", }\n";
  return "\x93NUMPY" + little(static_cast<std::uint64_t>(major), 1) + std::string(1, '\0') +
         little(dict.size(), major == 1 ? 2 : 4) + dict + data;
}

template <class T>
std::string raw(std::initializer_list<T> values, bool swap = false) {
  std::string out;
  for (auto value : values) {
    std::array<char, sizeof(T)> bytes;
    std::memcpy(bytes.data(), &value, sizeof(T));
    out += swap ? std::string(bytes.rbegin(), bytes.rend()) : std::string(bytes.begin(), bytes.end());
  }
  return out;
}

std::string deflated(const std::string& content) {
  const auto packed = gzip(content);
  return packed.substr(10, packed.size() - 18);  // without gzip's header and trailer: the bare stream
}

/// A ZIP archive as zipfile writes it; `wide`: sizes in ZIP64 fields, as numpy.savez forces them.
std::string zip(const std::map<std::string, std::string>& files, bool deflate, bool wide = false) {
  std::string body, directory;
  for (const auto& [name, content] : files) {
    const auto packed = deflate ? deflated(content) : content;
    const auto crc =
        crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
    const auto sizes =
        wide ? little(0xFFFFFFFFFFFFFFFF, 8) : little(packed.size(), 4) + little(content.size(), 4);
    const auto extra =
        wide ? little(1, 2) + little(16, 2) + little(content.size(), 8) + little(packed.size(), 8) : "";
    const auto common = little(0, 2) + little(deflate ? 8 : 0, 2) + little(0, 4) + little(crc, 4) + sizes +
                        little(name.size(), 2) + little(extra.size(), 2);
    directory += little(0x02014b50, 4) + little(45, 2) + little(45, 2) + common + little(0, 2) +
                 little(0, 2) + little(0, 2) + little(0, 4) + little(body.size(), 4) + name + extra;
    body += little(0x04034b50, 4) + little(45, 2) + common + name + extra + packed;
  }
  return body + directory + little(0x06054b50, 4) + little(0, 4) + little(files.size(), 2) +
         little(files.size(), 2) + little(directory.size(), 4) + little(body.size(), 4) + little(0, 2);
}

std::span<const std::uint8_t> span_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
NpyArray parse(const std::string& text) { return parse_npy(span_of(text), "a.npy"); }
std::string parse_error(const std::string& text) {
  return data_error([&] { parse(text); });
}

}  // namespace

TEST_CASE("npy: every dtype, both byte orders, versions 1 to 3") {
  const auto doubles = [](const std::string& descr, const std::string& data) {
    std::vector<double> out;
    std::visit([&](const auto& values) { out.assign(values.begin(), values.end()); },
               parse(npy(descr, "(2,)", data)).values);
    return out;
  };
  CHECK(doubles("'|u1'", raw<std::uint8_t>({7, 255})) == std::vector<double>{7, 255});
  CHECK(doubles("'|b1'", raw<std::uint8_t>({0, 1})) == std::vector<double>{0, 1});
  CHECK(doubles("'|i1'", raw<std::int8_t>({-7, 127})) == std::vector<double>{-7, 127});
  for (const bool swap : {false, true}) {
    const std::string order = swap ? "'>" : "'<";
    CHECK(doubles(order + "i2'", raw<std::int16_t>({-300, 2}, swap)) == std::vector<double>{-300, 2});
    CHECK(doubles(order + "u2'", raw<std::uint16_t>({65535, 2}, swap)) == std::vector<double>{65535, 2});
    CHECK(doubles(order + "i4'", raw<std::int32_t>({-70000, 2}, swap)) == std::vector<double>{-70000, 2});
    CHECK(doubles(order + "u4'", raw<std::uint32_t>({4000000000, 2}, swap)) == std::vector<double>{4e9, 2});
    CHECK(doubles(order + "i8'", raw<std::int64_t>({-5000000000, 2}, swap)) == std::vector<double>{-5e9, 2});
    CHECK(doubles(order + "u8'", raw<std::uint64_t>({3, 2}, swap)) == std::vector<double>{3, 2});
    CHECK(doubles(order + "f4'", raw<float>({1.5F, -2}, swap)) == std::vector<double>{1.5, -2});
    CHECK(doubles(order + "f8'", raw<double>({0.1, -2}, swap)) == std::vector<double>{0.1, -2});
    // binary16: 0x3C00 = 1, 0xC100 = -(1 + 256/1024) 2^1 = -2.5; below: the least subnormal 2^-24 and 65504.
    CHECK(doubles(order + "f2'", raw<std::uint16_t>({0x3C00, 0xC100}, swap)) == std::vector<double>{1, -2.5});
    CHECK(doubles(order + "f2'", raw<std::uint16_t>({0x0001, 0x7BFF}, swap)) ==
          std::vector<double>{0x1p-24, 65504});
  }
  for (const int major : {1, 2, 3})
    CHECK(parse(npy("'<f4'", "(1, 2)", raw<float>({1, 2}), false, major)).shape == Shape{1, 2});
}

TEST_CASE("npy: Fortran order is transposed") {
  // x[i,j,k] = 100 i + 10 j + k of shape 2x1x3 in Fortran order: i runs fastest.
  const auto array = parse(npy("'<i4'", "(2, 1, 3)", raw<std::int32_t>({0, 100, 1, 101, 2, 102}), true));
  CHECK(std::get<std::vector<std::int32_t>>(array.values) ==
        std::vector<std::int32_t>{0, 1, 2, 100, 101, 102});
}

TEST_CASE("npy: what is refused is named") {
  CHECK_THAT(parse_error(npy("'|O'", "(1,)", "x")), Contains("object") && Contains("pickle"));
  CHECK_THAT(parse_error(npy("[('a', '<f4')]", "(1,)", "1234")), Contains("structured"));
  CHECK_THAT(parse_error(npy("'<c8'", "(1,)", "12345678")), Contains("dtype '<c8'"));
  CHECK_THAT(parse_error(npy("'<U3'", "(1,)", "123456789012")), Contains("dtype '<U3'"));
  CHECK_THAT(parse_error(npy("'<f4'", "(3,)", raw<float>({1, 2}))),
             Contains("expected 12 bytes of data (header says 3 of <f4), found 8"));
  CHECK_THAT(parse_error(npy("'<f4'", "(1,)", raw<float>({1, 2}))),
             Contains("expected 4 bytes") && Contains("found 8"));
  CHECK_THAT(parse_error(npy("'<f8'", "(4294967296, 4294967296)", "")), Contains("more than 2^63"));
  CHECK_THAT(parse_error(npy("'<u8'", "(1,)", raw<std::uint64_t>({~std::uint64_t{0}}))),
             Contains("beyond 2^53"));
  CHECK_THAT(parse_error(npy("'<f4'", "(1,)", raw<float>({1}), false, 4)),
             Contains("NPY version 4.0, expected 1 to 3"));
  CHECK_THAT(parse_error("PK"), Contains("not an NPY array"));
  CHECK_THAT(parse_error(npy("'<f4'", "(-1,)", "")), Contains("shape is damaged"));
  CHECK_THAT(parse_error("\x93NUMPY" + std::string("\x01\x00\xff\xff", 4) + "{}"), Contains("header is cut"));
}

TEST_CASE("npz: stored and deflated, with and without ZIP64") {
  TempFolder folder;
  const bool deflate = GENERATE(false, true), wide = GENERATE(false, true);
  write_file(folder / "d.npz",
             zip({{"x.npy", npy("'|u1'", "(2, 1, 2)", raw<std::uint8_t>({0, 255, 51, 102}))},
                  {"y.npy", npy("'<i8'", "(2,)", raw<std::int64_t>({2, 0}))},
                  {"x_test.npy", npy("'|u1'", "(1, 1, 2)", raw<std::uint8_t>({5, 10}))},
                  {"y_test.npy", npy("'<f4'", "(1,)", raw<float>({1}))}},
                 deflate, wide));
  const auto data = load_source("npz", {{"file", (folder / "d.npz").string()}});
  CHECK(data.sample_shape == Shape{1, 1, 2});  // bytes [n, h, w] are grey images
  CHECK(data.classes == 3);
  CHECK(data.labels == std::vector<std::int32_t>{2, 0});
  CHECK(gather(*data.train, 0, 2, data).x == std::vector<float>{0, 1, 0.2F, 0.4F});
  CHECK(gather(*data.test, 0, 1, data).y == std::vector<std::int32_t>{1});
}

TEST_CASE("npz: .npy files of their own; tokens with a target at every position") {
  TempFolder folder;
  write_file(folder / "x.npy",
             npy("'<i4'", "(4, 3)", raw<std::int32_t>({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2})));
  write_file(folder / "y.npy",
             npy("'<i4'", "(4, 3)", raw<std::int32_t>({1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, -1})));
  DataContext context;
  context.test_fraction = 0.25;
  const auto data = load_source("npz",
                                {{"file", (folder / "x.npy").string()},
                                 {"labels_file", (folder / "y.npy").string()},
                                 {"vocabulary", std::int64_t{10}}},
                                context);
  CHECK(data.targets == 3);
  CHECK(data.train->size() == 3);
  CHECK(data.test->size() == 1);
  CHECK_THAT(data_error([&] {
               load_source("npz", {{"file", (folder / "x.npy").string()},
                                   {"labels_file", (folder / "y.npy").string()},
                                   {"vocabulary", std::int64_t{9}}});
             }),
             Contains("token 9 at sample 3, position 0; expected whole numbers from 0 to 8"));
}

TEST_CASE("npz: bad archives and contents are named") {
  TempFolder folder;
  const auto error = [&](const std::string& content) {
    write_file(folder / "d.npz", content);
    return data_error([&] { load_source("npz", {{"file", (folder / "d.npz").string()}}); });
  };
  const auto x = npy("'<f4'", "(2, 2)", raw<float>({1, 2, 3, 4})),
             y = npy("'<i8'", "(2,)", raw<std::int64_t>({0, 1}));
  CHECK_THAT(error(zip({{"a.npy", x}, {"y.npy", y}}, false)), Contains("no array 'x'") && Contains("a.npy"));
  CHECK_THAT(error(zip({{"x.npy", x}, {"y.npy", npy("'<i8'", "(1,)", raw<std::int64_t>({0}))}}, false)),
             Contains("holds 2 samples") && Contains("holds 1 labels"));
  CHECK_THAT(error(zip({{"x.npy", x}, {"y.npy", npy("'<i8'", "(2,)", raw<std::int64_t>({0, -4}))}}, false)),
             Contains("('y'): label -4 at index 1"));
  CHECK_THAT(
      error(zip(
          {{"x.npy", npy("'<f4'", "(2, 2)", raw<float>({1, 2, std::numeric_limits<float>::quiet_NaN(), 4}))},
           {"y.npy", y}},
          false)),
      Contains("('x'): nan at sample 1, feature 0"));
  CHECK_THAT(error(zip({{"x.npy", x},
                        {"y.npy", y},
                        {"x_test.npy", npy("'<f4'", "(1, 3)", raw<float>({1, 2, 3}))},
                        {"y_test.npy", npy("'<i8'", "(1,)", raw<std::int64_t>({0}))}},
                       false)),
             Contains("x_test") && Contains("samples of 3") && Contains("expected 2"));
  const auto whole = zip({{"x.npy", x}, {"y.npy", y}}, false);
  CHECK_THAT(error(whole.substr(0, whole.size() - 10)), Contains("cut or not a ZIP"));
  auto flipped = whole;
  flipped[whole.find("NUMPY") + 130] ^= 1;
  CHECK_THAT(error(flipped), Contains("CRC"));
  auto encrypted = whole;
  encrypted[whole.find("PK\x01\x02") + 8] = 1;
  CHECK_THAT(error(encrypted), Contains("encrypted"));
  auto bomb = zip({{"x.npy", x}, {"y.npy", y}}, true);
  bomb.replace(bomb.find("PK\x01\x02") + 24, 4, "\xff\xff\xff\x7f");  // claims 2 GiB
  CHECK_THAT(error(bomb), Contains("more than can be"));
}

}  // namespace fedsim::test
