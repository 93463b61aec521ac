#include "report/comparison.h"

#include <cmath>

#include "catch.hpp"
#include "core/error.h"
#include "report/curves.h"
#include "report/export.h"
#include "report/run_data.h"

using namespace fedsim;

namespace {

const double none = std::nan("");

RunData run(const std::string& algorithm, const std::string& seed, const std::vector<double>& accuracy) {
  RunData data;
  data.path = algorithm + seed + ".h5";
  data.attributes = {{"seed", seed}, {"name", algorithm}};
  data.config = {{"algorithm.name", algorithm}, {"client.lr", "0.1"}, {"seed", seed}, {"name", algorithm}};
  for (std::size_t t = 0; t < accuracy.size(); ++t) {
    data.columns["round"].push_back(static_cast<double>(t));
    data.columns["bytes_up"].push_back(t == 0 ? 0 : 100);
    data.columns["bytes_down"].push_back(t == 0 ? 0 : 50);
    data.columns["seconds"].push_back(0.5);
  }
  data.columns["test_accuracy"] = accuracy;
  return data;
}

std::vector<RunGroup> two_algorithms() {
  return group_runs({run("fedavg", "1", {0.1, 0.5, 0.7, 0.6}), run("fedavg", "2", {0.1, 0.4, none, 0.8}),
                     run("fedprox", "1", {0.1, 0.6, 0.8, 0.7}), run("fedprox", "2", {0.1, 0.3, 0.5, 1.0}),
                     run("fedprox", "3", {0.1, 0.2, 0.2, 0.2})});
}

}  // namespace

TEST_CASE("report: what a target costs", "[report]") {
  // Reached in round 2: rounds 0, 1, 2 took 0.5 s each, rounds 1 and 2 sent 150 bytes each.
  const auto cost = cost_to_target(run("fedavg", "1", {0.1, 0.5, 0.7, 0.6}), "test_accuracy", 0.7);
  REQUIRE(cost.has_value());
  CHECK(cost->round == 2);
  CHECK(cost->bytes == 300);
  CHECK(cost->seconds == 1.5);
  CHECK_FALSE(cost_to_target(run("fedavg", "1", {0.1, none, 0.7}), "test_accuracy", 0.71).has_value());
  auto losses = run("fedavg", "1", {});
  losses = run("fedavg", "1", {2.0, 1.0, 0.4});
  losses.columns["test_loss"] = losses.columns["test_accuracy"];
  CHECK(cost_to_target(losses, "test_loss", 1.0)->round == 1);  // lower is better
  CHECK(best_value(losses, "test_loss") == 0.4);
}

TEST_CASE("report: groups are runs that differ in their seed", "[report]") {
  const auto groups = two_algorithms();
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].label == "fedavg");
  CHECK(groups[0].runs.size() == 2);
  CHECK(groups[1].label == "fedprox");
  CHECK(groups[1].runs.size() == 3);
  auto other = run("fedavg", "1", {0.1});
  other.config["client.lr"] = "0.2";
  const auto by_lr = group_runs({run("fedavg", "1", {0.1}), run("fedprox", "1", {0.1}), other}, "client.lr");
  REQUIRE(by_lr.size() == 2);
  CHECK(by_lr[0].label == "client.lr=0.1");
  CHECK_THROWS_WITH(group_runs({other}, "client.lrr"), Catch::Contains("did you mean 'client.lr'?"));
}

TEST_CASE("report: means over seeds and paired differences", "[report]") {
  const auto table = compare(two_algorithms(), "test_accuracy", 0.75);
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rows[0].best.mean == Approx(0.75));                // 0.7 and 0.8
  CHECK(table.rows[0].last.mean == Approx(0.7));                 // 0.6 and 0.8
  CHECK(table.rows[0].last.sd == Approx(0.2 / std::sqrt(2.0)));  // |a - b| / sqrt 2
  CHECK(table.rows[0].reached == 1);                             // seed 2, in round 3
  CHECK(table.rows[0].rounds.mean == 3);
  // Seeds 1 and 2 are in common: 0.7 - 0.6 and 1.0 - 0.8, so 0.15, and 12.706 * sd / sqrt 2 = 12.706 * 0.05.
  CHECK(table.rows[1].pairs == 2);
  CHECK(table.rows[1].difference == Approx(0.15));
  CHECK(table.rows[1].high - 0.15 == Approx(12.7062047 * 0.05).epsilon(1e-6));
  CHECK(table.rows[1].low == Approx(0.15 - 12.7062047 * 0.05).epsilon(1e-6));
}

TEST_CASE("report: tables for people and for programs", "[report]") {
  const auto table = compare(two_algorithms(), "test_accuracy", 0.75);
  CHECK_THAT(format_comparison(table, "text"), Catch::Contains("fedavg") && Catch::Contains("0.7 ± 0.14"));
  CHECK_THAT(format_comparison(table, "markdown"), Catch::Contains("| fedavg ") && Catch::Contains("|---"));
  CHECK_THAT(format_comparison(table, "csv"), Catch::Contains("label,metric,runs,best_mean"));
  CHECK_THAT(format_comparison(table, "json"),
             Catch::Contains("\"label\": \"fedprox\"") && Catch::Contains("\"runs\": 3"));
  CHECK_THAT(format_comparison(compare({two_algorithms()[0]}, "test_accuracy", {}), "json"),
             Catch::Contains("\"difference\": null") && !Catch::Contains("nan"));
  CHECK_THROWS_AS(format_comparison(table, "xml"), UsageError);
}

TEST_CASE("report: a config as fedsim writes it becomes flat keys", "[report]") {
  const auto flat = flat_config("seed = 1\n[client]\nlr = 0.1\n[partition]\nscheme = \"iid\"\n# x = 1\n");
  CHECK(flat ==
        std::map<std::string, std::string>{{"seed", "1"}, {"client.lr", "0.1"}, {"partition.scheme", "iid"}});
}

TEST_CASE("report: curves are means over seeds with a band", "[report]") {
  const auto chart = curves(two_algorithms(), "test_accuracy", "bytes");
  REQUIRE(chart.series.size() == 2);
  CHECK(chart.series[0].label == "fedavg (2 runs)");
  CHECK(chart.series[0].x == std::vector<double>{0, 150, 300, 450});
  CHECK(chart.series[0].y[1] == Approx(0.45));
  CHECK(chart.series[0].high[1] - chart.series[0].y[1] == Approx(0.1 / std::sqrt(2.0)));
  CHECK(chart.series[0].y[2] == Approx(0.7));  // seed 2 was not evaluated there
  CHECK(chart.series[0].high[2] == Approx(0.7));
  CHECK_THROWS_WITH(curves(two_algorithms(), "test_acuracy", "round"),
                    Catch::Contains("did you mean 'test_accuracy'"));
}

TEST_CASE("report: exported rounds", "[report]") {
  const auto data = run("fedavg", "1", {0.1, none});
  CHECK(export_rounds(data, "csv") ==
        "round,bytes_down,bytes_up,seconds,test_accuracy\n0,0,0,0.5,0.1\n1,50,100,0.5,\n");
  CHECK_THAT(export_rounds(data, "jsonl"), Catch::Contains("{\"round\": 1, ") && Catch::Contains("null}\n"));
  CHECK_THROWS_WITH(export_rounds(data, "npz"), Catch::Contains("csv and jsonl"));
}
