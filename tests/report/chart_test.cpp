#include "report/chart.h"

#include <fstream>
#include <stdexcept>

#include "catch.hpp"
#include "core/error.h"
#include "temporary_folder.hpp"

using namespace fedsim;

TEST_CASE("report: ticks are round numbers inside the range", "[report]") {
  CHECK(nice_ticks(0, 100, 5) == std::vector<double>{0, 20, 40, 60, 80, 100});
  const auto ticks = nice_ticks(0.13, 0.87, 6);
  REQUIRE(ticks.size() == 7);  // 0.2, 0.3, ..., 0.8
  CHECK(ticks.front() == Approx(0.2));
  CHECK(ticks.back() == Approx(0.8));
  for (double low : {-3.7, 0.0, 1e6}) {
    for (const double tick : nice_ticks(low, low + 12.3, 6)) {
      CHECK(tick >= low - 1e-6);
      CHECK(tick <= low + 12.3 + 1e-6);
    }
  }
}

TEST_CASE("report: a chart has a curve, a band and a legend for each series", "[report]") {
  Chart chart{
      "A & B", "round", "accuracy", {{"a<b", {0, 1, 2}, {0.1, 0.5, 0.6}, {0, 0.4, 0.5}, {0.2, 0.6, 0.7}}}};
  const auto svg = to_svg(chart);
  CHECK_THAT(svg, Catch::StartsWith("<svg") && Catch::Contains("A &amp; B") && Catch::Contains("a&lt;b") &&
                      Catch::Contains("fill-opacity") && !Catch::Contains("nan"));
  chart.series[0].low.clear();
  chart.series[0].high.clear();
  CHECK_THAT(to_svg(chart), !Catch::Contains("fill-opacity"));
  CHECK_NOTHROW(to_svg({"", "", "", {{"one point", {3}, {1}, {}, {}}}}));
  CHECK_THROWS_AS(to_svg({}), std::invalid_argument);
}

TEST_CASE("report: pictures go to files of known kinds", "[report]") {
  const TemporaryFolder folder;
  write_picture(folder / "a.svg", "<svg/>");
  std::ifstream in(folder / "a.svg");
  CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == "<svg/>");
  CHECK_THROWS_WITH(write_picture(folder / "a.gif", "<svg/>"), Catch::Contains(".svg, .png or .pdf"));
  CHECK_THROWS_AS(write_picture(folder / "none/a.svg", "<svg/>"), OutputError);
}
