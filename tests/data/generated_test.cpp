#include <cmath>
#include <ctime>
#include <set>

#include "catch.hpp"
#include "data/files.h"

namespace fedsim::test {
namespace {

DataContext users(std::int64_t clients, std::uint64_t seed = 1) {
  DataContext context;
  context.clients = clients;
  context.seed = seed;
  return context;
}

/// The values of the first rows. As doubles: of some thousand floats two may well be equal.
std::set<double> distinct(const Samples& samples, std::int64_t count, const Dataset& data) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::int64_t>(i);
  std::vector<double> x(static_cast<std::size_t>(count * elements(data.sample_shape)));
  std::vector<std::int32_t> y(rows.size());
  samples.gather(rows, x.data(), y.data());
  return {x.begin(), x.end()};
}

}  // namespace

TEST_CASE("synthetic: sizes as in the paper, a tenth held out, the first users' tenths are the test set") {
  const auto data = load_source("synthetic", {}, users(2000));
  REQUIRE(data.user_offsets.size() == 2001);
  CHECK(data.generated_on_draw);
  CHECK(data.sample_shape == Shape{60});
  CHECK(data.train->size() == data.user_offsets.back());
  // n = floor(exp(4 + 2z)) + 50. The median of exp(4 + 2z) is e^4 = 54.6; the count above it is
  // binomial(2000, 1/2), deviation 22: 5 deviations are 112. A user of n samples trains on n - floor(n/10): n
  // = 104 gives 94.
  std::int64_t above = 0;
  for (std::size_t u = 0; u < 2000; ++u) {
    const auto train = data.user_offsets[u + 1] - data.user_offsets[u];
    CHECK(train >= 45);  // n >= 50
    above += train > 94;
  }
  CHECK(std::abs(above - 1000) < 112);
}

TEST_CASE("synthetic: with samples_per_client = 25, 23 train and 2 test; test_users bounds the test set") {
  const auto data = load_source(
      "synthetic", {{"samples_per_client", std::int64_t{25}}, {"test_users", std::int64_t{3}}}, users(5));
  CHECK(data.user_offsets == std::vector<std::int64_t>{0, 23, 46, 69, 92, 115});
  CHECK(data.test->size() == 6);
}

TEST_CASE(
    "synthetic: a sample is the same alone, in a batch, in any order, in either dtype, for any number of "
    "users") {
  const auto data = load_source("synthetic", {{"samples_per_client", std::int64_t{30}}}, users(4));
  const auto more = load_source("synthetic", {{"samples_per_client", std::int64_t{30}}}, users(9));
  const auto all = gather(*data.train, 0, 108, data);
  CHECK(gather(*more.train, 0, 108, more).x == all.x);
  for (const std::int64_t row : {107, 0, 27, 26, 53, 80}) {
    const auto one = gather(*data.train, row, 1, data);
    CHECK(std::equal(one.x.begin(), one.x.end(), all.x.begin() + 60 * row));
    CHECK(one.y[0] == all.y[static_cast<std::size_t>(row)]);
    std::vector<double> x(60);
    std::int32_t y = -1;
    data.train->gather(std::vector<std::int64_t>{row}, x.data(), &y);
    for (std::size_t j = 0; j < 60; ++j) CHECK(static_cast<float>(x[j]) == one.x[j]);
    CHECK(y == one.y[0]);
  }
  CHECK(distinct(*data.train, 108, data).size() == 108 * 60);  // no part of a stream is used twice
  const auto other = load_source("synthetic", {{"samples_per_client", std::int64_t{30}}}, users(4, 2));
  CHECK(gather(*other.train, 0, 108, other).x != all.x);
}

TEST_CASE("synthetic: inputs have mean v_k and variance j^-1.2, labels are linear in them") {
  // iid: v = 0, so feature j has mean 0 and variance (j+1)^-1.2 (j from 0). Over n = 20000 the mean's
  // deviation is s/sqrt(n), the variance's s^2 sqrt(2/n) = s^2 / 100: five of them are allowed.
  const auto data = load_source(
      "synthetic",
      {{"iid", true}, {"samples_per_client", std::int64_t{20000}}, {"features", std::int64_t{5}}}, users(1));
  const auto got = gather(*data.train, 0, 18000, data);
  for (std::size_t j = 0; j < 5; ++j) {
    const double variance = std::pow(static_cast<double>(j + 1), -1.2);
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < 18000; ++i)
      sum += got.x[5 * i + j], squares += std::pow(double{got.x[5 * i + j]}, 2);
    CHECK(std::abs(sum / 18000) < 5 * std::sqrt(variance / 18000));
    CHECK(std::abs(squares / 18000 - variance) < 5 * variance * std::sqrt(2 / 18000.0));
  }
  CHECK(std::set<std::int32_t>(got.y.begin(), got.y.end()).size() > 1);
}

TEST_CASE("synthetic: alpha = beta = 0 leaves deviation 1 between users' inputs, beta adds its square") {
  // Mean over users of v_kj^2 is 1 + beta^2. With 400 users of one feature estimated from 100 samples each
  // (variance of the estimate 1/100): E = 1 + beta^2 + 0.01; relative deviation sqrt(2/400) = 0.07: five are
  // 0.35.
  for (const double beta : {0.0, 2.0}) {
    const auto data = load_source("synthetic",
                                  {{"alpha", 0.0},
                                   {"beta", beta},
                                   {"features", std::int64_t{1}},
                                   {"samples_per_client", std::int64_t{111}}},
                                  users(400));
    double squares = 0;
    for (std::int64_t user = 0; user < 400; ++user) {
      double mean = 0;
      for (const auto x : gather(*data.train, 100 * user, 100, data).x) mean += x / 100.0;
      squares += mean * mean / 400;
    }
    CHECK(std::abs(squares / (1 + beta * beta + 0.01) - 1) < 0.35);
  }
}

TEST_CASE("synthetic: the test set is what follows a user's training samples") {
  // 10 samples give 9 + 1, 11 give 10 + 1: the tenth sample of the stream is a test sample of the first set
  // and a training sample of the second.
  const auto ten = load_source("synthetic", {{"samples_per_client", std::int64_t{10}}}, users(1));
  const auto eleven = load_source("synthetic", {{"samples_per_client", std::int64_t{11}}}, users(1));
  CHECK(gather(*ten.test, 0, 1, ten).x == gather(*eleven.train, 9, 1, eleven).x);
  CHECK(gather(*ten.train, 0, 9, ten).x == gather(*eleven.train, 0, 9, eleven).x);
}

TEST_CASE("synthetic: a million users start at once") {
  const auto start = std::clock();
  const auto data = load_source("synthetic", {}, users(1000000));
  const auto seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  CHECK(data.user_offsets.size() == 1000001);
  CHECK(data.bytes < 20000000);
  CHECK(seconds < 3);  // of processor time: the bound for the whole start of a run
}

TEST_CASE("synthetic: what can't be is an error of its option") {
  CHECK_THROWS_AS(load_source("synthetic", {}, users(0)), OptionError);
  CHECK_THROWS_AS(load_source("synthetic", {{"samples_per_client", std::int64_t{9}}}, users(3)), OptionError);
  auto context = users(3);
  context.scale = "standard";
  CHECK_THROWS_AS(load_source("synthetic", {}, context), OptionError);
}

TEST_CASE("fcube: group g is two octants symmetric about the origin; the label is the sign of x1") {
  const auto data = load_source("fcube", {});
  CHECK(data.user_offsets == std::vector<std::int64_t>{0, 1000, 2000, 3000, 4000});
  CHECK(data.test->size() == 1000);
  const auto train = gather(*data.train, 0, 4000, data), test = gather(*data.test, 0, 1000, data);
  for (std::size_t i = 0; i < 4000; ++i) {
    const auto group = i / 1000;
    const float* p = train.x.data() + 3 * i;
    CHECK(train.y[i] == (p[0] > 0 ? 0 : 1));
    CHECK((p[0] * p[1] > 0) == (group < 2));
    CHECK((p[0] * p[2] > 0) == (group % 2 == 0));
    CHECK(std::abs(p[0]) < 1);
  }
  for (std::size_t i = 0; i < 1000; ++i) CHECK(test.y[i] == (test.x[3 * i] > 0 ? 0 : 1));
  CHECK(std::count(train.y.begin(), train.y.end(), 0) == 2000);
}

TEST_CASE("random: the shape that was asked for, scaled bytes") {
  const auto data = load_source("random", {{"shape", std::string("3x4x5")}, {"samples", std::int64_t{200}}});
  CHECK(data.sample_shape == Shape{3, 4, 5});
  CHECK(data.train->size() == 200);
  CHECK(data.bytes >= 200 * 60);
  const auto got = gather(*data.train, 0, 200, data);
  for (const auto value : got.x) CHECK((value >= 0 && value <= 1));
  CHECK(std::set<std::int32_t>(got.y.begin(), got.y.end()).size() == 10);
}

TEST_CASE("random: tokens with a label at every position") {
  const auto data = load_source("random", {{"shape", std::string("7")},
                                           {"vocabulary", std::int64_t{20}},
                                           {"classes", std::int64_t{20}},
                                           {"every_position", true}});
  CHECK(data.targets == 7);
  CHECK(data.labels.empty());
  CHECK(data.vocabulary == 20);
  const auto got = gather(*data.test, 0, 50, data);
  CHECK(got.y.size() == 350);
  for (const auto token : got.x) CHECK((token >= 0 && token < 20 && token == std::floor(token)));
}

TEST_CASE("random: a shape that is none") {
  for (const auto* shape : {"", "3x", "x3", "0x2", "3,4", "-1", "2000000x2000000"})
    CHECK_THROWS_AS(load_source("random", {{"shape", std::string(shape)}}), OptionError);
}

}  // namespace fedsim::test
