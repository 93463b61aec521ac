// Work that ends its process is told by whoever asked for it.
#include "core/apart.h"

#include <csignal>
#include <string>
#include <vector>

#include "catch.hpp"
#include "core/error.h"

using namespace fedsim;

namespace {
constexpr Room room{.seconds = 1, .bytes = 64 << 20};
}

TEST_CASE("core: what is done apart comes back: its text, its error, its death", "[core]") {
  const std::string large(300000, 'x');  // more than a pipe holds
  CHECK(apart([&] { return large; }, room, "died") == large);
  CHECK(apart([] { return std::string(); }, room, "died").empty());
  CHECK_THROWS_WITH(apart([]() -> std::string { throw OutputError("a.h5: no room"); }, room, "died"), "a.h5: no room");
  try {
    apart([]() -> std::string { throw OutputError("a.h5: no room"); }, room, "died");
  } catch (const Error& error) {
    CHECK(error.exit() == Exit::output);
  }
  const auto dies = [] {
    std::raise(SIGKILL);
    return std::string("not reached");
  };
  CHECK_THROWS_AS(apart(dies, room, "a.h5: died"), DataError);
  CHECK_THROWS_WITH(apart(dies, room, "a.h5: died"), "a.h5: died");
}

TEST_CASE("core: what is done apart may neither go on for ever nor take all memory", "[core]") {
  const auto endless = [] {
    for (volatile bool more = true; more;) {
    }
    return std::string();
  };
  CHECK_THROWS_WITH(apart(endless, room, "died"), "died");
#ifndef __SANITIZE_ADDRESS__  // whose allocator ends the process
  const auto greedy = [] { return std::to_string(std::vector<char>(std::size_t{1} << 30, 'x').back()); };
  CHECK_THROWS_WITH(apart(greedy, room, "died"), Catch::Contains("memory"));
#endif
}

TEST_CASE("core: what is done apart changes nothing here", "[core]") {
  int here = 1;
  CHECK(apart([&] { return std::to_string(++here); }, room, "died") == "2");
  CHECK(here == 1);
}
