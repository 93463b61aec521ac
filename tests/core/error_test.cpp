#include "core/error.h"

#include "catch.hpp"
#include "core/text.h"

using namespace fedsim;

TEST_CASE("a diagnostic shows place, line, caret and help") {
  const Diagnostic d{"exp.toml", 14, 1, "unknown key 'lerning_rate' in [client]", "lerning_rate = 0.1", "did you mean 'lr'?", 12};
  CHECK(to_string(d) ==
        "exp.toml:14:1: error: unknown key 'lerning_rate' in [client]\n"
        "  14 | lerning_rate = 0.1\n"
        "     | ^^^^^^^^^^^^\n"
        "  help: did you mean 'lr'?");
}

TEST_CASE("the caret counts code points and keeps tabs") {
  const Diagnostic d{"a.toml", 1, 4, "x", "\té = 1", "", 1};
  CHECK(to_string(d) == "a.toml:1:4: error: x\n  1 | \té = 1\n    | \t  ^");
}

TEST_CASE("the nearest name is within a third of the word") {
  const std::vector<std::string> known{"fedavg", "fedprox", "scaffold"};
  CHECK(nearest("fedvag", known) == "fedavg");
  CHECK(nearest("scafold", known) == "scaffold");
  CHECK(nearest("zebra", known).empty());
}

TEST_CASE("edit distance counts a swap of neighbours as one") {
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("fedvag", "fedavg") == 1);
  CHECK(edit_distance("same", "same") == 0);
}
