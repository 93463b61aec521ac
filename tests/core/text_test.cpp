#include "core/text.h"

#include "catch.hpp"
#include "core/hash.h"
#include "core/options.h"

using namespace fedsim;

TEST_CASE("numbers as people write them") {
  CHECK(with_commas(1663370) == "1,663,370");
  CHECK(with_commas(-1000) == "-1,000");
  CHECK(with_commas(999) == "999");
  CHECK(human_bytes(999) == "999 B");
  CHECK(human_bytes(1234567) == "1.23 MB");
  CHECK(shortest(1.0) == "1.0");
  CHECK(shortest(0.1) == "0.1");
  CHECK(human_seconds(75) == "1 min 15 s");
  CHECK(list_of({"a", "b", "c"}) == "a, b or c");
}

TEST_CASE("bytes as people write them") {
  CHECK(parse_bytes("1024") == 1024);
  CHECK(parse_bytes("512MiB") == 512 << 20);
  CHECK(parse_bytes("1.5 GB") == 1500000000);
  CHECK(parse_bytes("2kb") == 2000);
  CHECK(parse_bytes("0") == 0);
  for (const char* text : {"", "MiB", "-1", "1 XB", "nan", "1e3", "9999999TiB", "1MiB x"}) CHECK_FALSE(parse_bytes(text));
}

TEST_CASE("ranges say what they allow and refuse what is not finite") {
  CHECK(above(0).to_string() == "> 0");
  CHECK(from_up_to(0, 1).to_string() == "in [0, 1)");
  CHECK_FALSE(above(0).contains(0));
  CHECK(at_least(0).contains(0));
  CHECK_FALSE(any_number().contains(std::numeric_limits<double>::quiet_NaN()));
  CHECK_FALSE(any_number().contains(std::numeric_limits<double>::infinity()));
  CHECK_FALSE(from_up_to(0, 1).contains(1));
}

TEST_CASE("BLAKE2b-256 of nothing and of abc") {
  // RFC 7693's construction with a 32-byte digest; the values are those of b2sum -l 256.
  CHECK(Hash().hex() == "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
  CHECK(Hash().add("abc").hex() == "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}
