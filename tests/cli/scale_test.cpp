// Many clients: what a start costs. Times are printed, not asserted: they are the machine's.
#include <fmt/format.h>

#include "catch.hpp"
#include "cli/program.h"
#include "cli/result_file.h"

namespace fedsim::test {
namespace {

TEST_CASE("a million generated clients start a run", "[cli][scale]") {
  const TempFolder folder;
  const auto toml = [](const char* clients) {
    return fmt::format(
        "rounds = 1\ndevice = \"cpu\"\n[data]\ndataset = \"synthetic\"\n[partition]\nscheme = \"natural\"\nclients = {}\n"
        "[model]\nname = \"logistic\"\n[client]\nsteps = 5\n[sampling]\nclients_per_round = 100\n",
        clients);
  };
  const auto few = folder.write("few.toml", toml("1000")), many = folder.write("many.toml", toml("1000000"));
  const double base = fedsim_ok(folder, {"run", few.string(), "-o", "few.h5", "--quiet"}).seconds;
  const double million = fedsim_ok(folder, {"run", many.string(), "-o", "many.h5", "--quiet"}).seconds;
  fmt::print("one round with 100 of 1,000 clients: {:.2f} s; of 1,000,000: {:.2f} s\n", base, million);
  CHECK(read_numbers(folder / "many.h5", "/partition/sizes").size() == 1000000);
  CHECK(read_numbers(folder / "many.h5", "/rounds/clients") == std::vector<double>{0, 100});
}

}  // namespace
}  // namespace fedsim::test
