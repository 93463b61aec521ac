#include "data/samples.h"

#include <cmath>

#include "catch.hpp"

namespace fedsim {
namespace {

template <class T>
std::vector<T> all(const Samples& samples, std::int64_t per_sample, std::int64_t targets = 1) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < samples.size(); ++i) rows.push_back(i);
  std::vector<T> x(static_cast<std::size_t>(samples.size() * per_sample));
  std::vector<std::int32_t> y(static_cast<std::size_t>(samples.size() * targets));
  samples.gather(rows, x.data(), y.data());
  return x;
}

Features every_byte() {
  std::vector<std::uint8_t> values(256);
  for (int i = 0; i < 256; ++i) values[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(i);
  return values;
}

}  // namespace

TEST_CASE("scale: unit and symmetric of every byte, in both dtypes") {
  const auto features = every_byte();
  const Shape shape{1, 16, 16};
  const MemorySamples unit(features, {0}, 256, 1, make_scale("unit", features, shape, false));
  const MemorySamples symmetric(features, {0}, 256, 1, make_scale("symmetric", features, shape, false));
  const MemorySamples none(features, {0}, 256, 1, make_scale("none", features, shape, false));
  for (int i = 0; i < 256; ++i) {
    const auto at = static_cast<std::size_t>(i);
    CHECK(all<float>(unit, 256)[at] == static_cast<float>(i) / 255.0F);
    CHECK(all<double>(unit, 256)[at] == i / 255.0);
    CHECK(all<double>(symmetric, 256)[at] == Approx(i / 127.5 - 1).margin(1e-15));
    CHECK(all<float>(none, 256)[at] == static_cast<float>(i));
  }
  CHECK(all<float>(symmetric, 256).front() == -1.0F);
  CHECK(all<float>(symmetric, 256).back() == 1.0F);
}

TEST_CASE("scale: standard takes each channel of images by itself") {
  // Two images of two channels of two pixels. Channel 0: 0 2 4 6, mean 3, variance (9+1+1+9)/4 = 5;
  // channel 1: 7 everywhere, deviation 0 counts as 1.
  const Features features = std::vector<std::uint8_t>{0, 2, 7, 7, 4, 6, 7, 7};
  const MemorySamples samples(features, {0, 1}, 4, 1, make_scale("standard", features, {2, 1, 2}, false));
  const double s = std::sqrt(5.0);
  const auto x = all<double>(samples, 4);
  const std::vector<double> expected{-3 / s, -1 / s, 0, 0, 1 / s, 3 / s, 0, 0};
  for (std::size_t i = 0; i < 8; ++i) CHECK(x[i] == Approx(expected[i]).margin(1e-15));
}

TEST_CASE("scale: standard takes each feature of flat data by itself") {
  // Feature 0: 1, 3: mean 2, deviation 1. Feature 1: -4, 4: mean 0, deviation 4.
  const Features features = std::vector<float>{1, -4, 3, 4};
  const MemorySamples samples(features, {0, 1}, 2, 1, make_scale("standard", features, {2}, false));
  CHECK(all<float>(samples, 2) == std::vector<float>{-1, -1, 1, 1});
}

TEST_CASE("scale: floats are left as they are by unit and symmetric, tokens by everything") {
  const Features floats = std::vector<float>{0.1F, 300};
  for (const auto* name : {"unit", "symmetric", "none"})
    CHECK(make_scale(name, floats, {2}, false).identity());
  const Features tokens = std::vector<std::int32_t>{70000, 3};
  for (const auto* name : {"unit", "symmetric", "standard", "none"})
    CHECK(make_scale(name, tokens, {2}, true).identity());
  const MemorySamples samples(tokens, {1, 2}, 2, 2, {});
  CHECK(samples.size() == 1);
  CHECK(all<float>(samples, 2, 2) == std::vector<float>{70000, 3});
}

TEST_CASE("density: the part of the scaled features that are not 0, in rows spread over the data set") {
  // 1000 samples of two features: the second is 0 in the first half of the data set.
  std::vector<std::uint8_t> values;
  for (int i = 0; i < 1000; ++i) values.insert(values.end(), {9, static_cast<std::uint8_t>(i < 500 ? 0 : 1)});
  const Features features = values;
  Dataset data;
  data.sample_shape = {2};
  const std::vector<std::int32_t> labels(1000);
  const auto samples = [&](const char* scale) {
    return std::make_shared<MemorySamples>(features, labels, 2, 1, make_scale(scale, features, {2}, false));
  };
  data.train = samples("unit");
  CHECK(density(data) == 0.75);
  data.train = samples("symmetric");
  CHECK(density(data) == 1);
  data.vocabulary = 10;
  CHECK(density(data) == 1);
}

TEST_CASE("bytes: given where every feature is one, divided by the same number") {
  const Features bytes = std::vector<std::uint8_t>{10, 0, 20, 255, 30, 1}, floats = std::vector<float>{1, 2, 3, 4, 5, 6};
  const auto samples = [](const Features& features, const char* scale, const Shape& shape) {
    return MemorySamples(features, {1, 2, 3}, 2, 1, make_scale(scale, features, shape, false));
  };
  CHECK(samples(bytes, "unit", {2}).byte_divisor() == 255);
  CHECK(samples(bytes, "none", {2}).byte_divisor() == 1);
  CHECK(samples(bytes, "symmetric", {2}).byte_divisor() == 0);
  CHECK(samples(bytes, "standard", {2}).byte_divisor() == 0);
  CHECK(samples(bytes, "standard", {1, 1, 2}).byte_divisor() == 0);
  CHECK(samples(floats, "unit", {2}).byte_divisor() == 0);
  const std::vector<std::int64_t> rows{2, 1, 2};
  std::vector<const std::uint8_t*> x(3);
  std::vector<std::int32_t> y(3);
  const MemorySamples stored = samples(bytes, "unit", {2});
  stored.find(rows, x.data(), y.data());
  CHECK(std::vector<int>{x[0][0], x[0][1], x[1][0], x[1][1]} == std::vector<int>{30, 1, 20, 255});
  CHECK(x[2] == x[0]);
  CHECK(y == std::vector<std::int32_t>{3, 2, 3});
  std::vector<const std::uint8_t*> expected(3);
  stored.expect(rows, expected.data());
  CHECK(expected == x);
}

TEST_CASE("gather: rows in the order asked for, repeated ones too") {
  const MemorySamples samples(std::vector<double>{10, 11, 20, 21, 30, 31}, {1, 2, 3}, 2, 1, {});
  const std::vector<std::int64_t> rows{2, 0, 2};
  std::vector<double> x(6);
  std::vector<std::int32_t> y(3);
  samples.gather(rows, x.data(), y.data());
  CHECK(x == std::vector<double>{30, 31, 10, 11, 30, 31});
  CHECK(y == std::vector<std::int32_t>{3, 1, 3});
}

}  // namespace fedsim
