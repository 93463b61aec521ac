// What holds for every scheme: each allowed row once, same bytes for the same seed, impossible requests
// refused.
#include <numeric>

#include "partition/labelled.h"

using namespace fedsim;
using test::labelled;
using test::make;

namespace {

struct Case {
  std::string scheme;
  test::OptionValues options;
};

/// Every scheme that splits any labelled data set, with options that take different paths.
std::vector<Case> cases() {
  return {{"iid", {}},
          {"dirichlet", {{"alpha", 0.5}}},
          {"dirichlet", {{"alpha", 1e-6}}},
          {"dirichlet", {{"alpha", 0.1}, {"balance", true}, {"min_samples", std::int64_t{2}}}},
          {"dirichlet", {{"alpha", 0.3}, {"min_samples", std::int64_t{0}}}},
          {"dirichlet", {{"alpha", 0.3}, {"per", std::string("client")}}},
          {"dirichlet", {{"alpha", 1e-6}, {"per", std::string("client")}}},
          {"shards", {}},
          {"shards", {{"shards_per_client", std::int64_t{1}}}},
          {"quantity", {}},
          {"quantity", {{"alpha", 1e-6}, {"min_samples", std::int64_t{2}}}},
          {"lognormal", {{"sigma", 2.0}}},
          {"powerlaw", {{"exponent", 1.5}}},
          {"noise", {}}};
}

}  // namespace

TEST_CASE("every allowed row goes to exactly one client", "[partition]") {
  for (const Case& c : cases()) {
    const auto scheme = make<PartitionScheme>(c.scheme, c.options);
    for (const std::int64_t n : {40, 61, 1000})
      for (const std::int64_t clients : {1, 3, 10, 20})
        for (const std::int64_t classes : {1, 2, 10}) {
          CAPTURE(c.scheme, n, clients, classes);
          const Dataset data = labelled(n, classes);
          const Partition split = scheme->split({.data = &data, .rows = {}, .clients = clients, .seed = 3});
          REQUIRE(split.clients() == clients);
          std::vector<std::int64_t> all(static_cast<std::size_t>(n));
          std::iota(all.begin(), all.end(), std::int64_t{0});
          CHECK(test::used_rows(split) == all);
        }
  }
}

TEST_CASE("only allowed rows are used", "[partition]") {
  const Dataset data = labelled(300, 10);
  std::vector<std::uint32_t> allowed;
  for (std::uint32_t row = 1; row < 300; row += 3) allowed.push_back(row);
  for (const Case& c : cases()) {
    CAPTURE(c.scheme);
    const auto split = make<PartitionScheme>(c.scheme, c.options)->split({&data, allowed, 20, 1});
    CHECK(test::used_rows(split) == std::vector<std::int64_t>(allowed.begin(), allowed.end()));
  }
}

TEST_CASE("a split is a function of the seed", "[partition]") {
  const Dataset data = labelled(500, 10);
  for (const Case& c : cases()) {
    CAPTURE(c.scheme);
    const auto scheme = make<PartitionScheme>(c.scheme, c.options);
    const Partition a = scheme->split({&data, {}, 10, 7}), b = scheme->split({&data, {}, 10, 7});
    const Partition other = scheme->split({&data, {}, 10, 8});
    CHECK(a.indices == b.indices);
    CHECK(a.offsets == b.offsets);
    CHECK((a.indices != other.indices || a.offsets != other.offsets));
  }
}

TEST_CASE("more clients than samples are refused by name and number", "[partition]") {
  const Dataset data = labelled(30, 10);
  for (const char* name : {"iid", "dirichlet", "quantity", "lognormal", "powerlaw", "noise"}) {
    const auto scheme = make<PartitionScheme>(name);
    CHECK(test::refused_option(*scheme, {&data, {}, 31, 1}) == "clients");
    CHECK(test::refused_option(*scheme, {&data, {}, 30, 1}) == "");
    try {
      scheme->split({&data, {}, 31, 1});
    } catch (const OptionError& error) {
      CHECK(error.message.find("31") != std::string::npos);
      CHECK(error.message.find("30") != std::string::npos);
    }
  }
}

TEST_CASE("samples that are made on draw fit natural only", "[partition]") {
  Dataset data;
  data.generated_on_draw = true;
  data.user_offsets = {0, 5, 9};
  for (const char* name :
       {"iid", "dirichlet", "shards", "classes", "quantity", "lognormal", "powerlaw", "noise"})
    CHECK(test::refused_option(*make<PartitionScheme>(name), {&data, {}, 2, 1}) == "scheme");
  CHECK(test::refused_option(*make<PartitionScheme>("natural"), {&data, {}, 2, 1}) == "");
}
