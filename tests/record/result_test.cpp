#include <fstream>
#include <thread>

#include "catch.hpp"
#include "core/hdf5/file.h"
#include "fixture.hpp"
#include "record/result_reader.h"
#include "record/result_writer.h"
#include "temporary_folder.hpp"

using namespace fedsim;
namespace fs = std::filesystem;

TEST_CASE("record: a complete run reads back", "[record]") {
  const TemporaryFolder folder;
  test::write_all(test::header(folder / "a.h5", 5), 6, "complete");
  CHECK_FALSE(fs::exists(folder / "a.h5.part"));
  CHECK_FALSE(fs::exists(folder / "a.h5.part.tmp"));
  CHECK_FALSE(fs::exists(folder / "a.lock"));
  const ResultReader result(folder / "a.h5");
  CHECK(result.status() == "complete");
  CHECK(result.attribute("format") == "fedsim-result");
  CHECK(result.attribute("config") == "rounds = 5\n");
  CHECK(result.integer("seed") == 7);
  CHECK(result.attribute("finished").size() == 20);
  CHECK(result.committed_rounds() == 6);
  const auto accuracy = result.column("test_accuracy"), loss = result.column("train_loss");
  for (std::int64_t t = 0; t < 6; ++t) {
    CHECK(accuracy.at(static_cast<std::size_t>(t)) == test::round_row(t).test_accuracy);
    CHECK(std::isnan(loss.at(static_cast<std::size_t>(t))));
  }
  CHECK(result.client_rows() == 15);
  CHECK(result.client_column("client") ==
        std::vector<double>{10, 11, 12, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52});
  CHECK(result.client_column("status")[2] == 3);
  CHECK(result.model() == test::model());
  CHECK(result.model_names() == std::vector<std::string>{"weight", "bias"});
  CHECK(result.model_shapes() == std::vector<std::string>{"2x3", ""});
  CHECK(result.partition_sizes() == std::vector<std::int64_t>{2, 3});
}

TEST_CASE("record: the partition is stored with its label counts", "[record]") {
  const TemporaryFolder folder;
  test::write_all(test::header(folder / "a.h5", 0), 1, "complete");
  const auto file = hdf5::File::open(folder / "a.h5");
  const auto group = file.root().group("partition");
  CHECK(group.dataset("offsets").read<std::int64_t>() == std::vector<std::int64_t>{0, 2, 5});
  CHECK(group.dataset("indices").read<std::int64_t>() == std::vector<std::int64_t>{4, 0, 1, 2, 3});
  // Client 0 has samples 4 and 0: labels 1 and 0. Client 1 has 1, 2, 3: labels 1, 0, 1.
  CHECK(group.dataset("label_counts").shape() == hdf5::Dimensions{2, 2});
  CHECK(group.dataset("label_counts").read<std::int64_t>() == std::vector<std::int64_t>{1, 1, 1, 2});
}

TEST_CASE("record: a stopped run is cut to what was committed", "[record]") {
  const TemporaryFolder folder;
  test::write_all(test::header(folder / "a.h5", 1000), 3, "stopped");
  const ResultReader result(folder / "a.h5");
  CHECK(result.status() == "stopped");
  const auto file = hdf5::File::open(folder / "a.h5");
  CHECK(file.root().dataset("rounds/round").read<std::int64_t>() == std::vector<std::int64_t>{0, 1, 2});
  CHECK(file.root().dataset("clients/round").read<std::int64_t>() ==
        std::vector<std::int64_t>{1, 1, 1, 2, 2, 2});
}

TEST_CASE("record: /clients grows beyond what was expected", "[record]") {
  const TemporaryFolder folder;
  auto head = test::header(folder / "a.h5", 400);  // 1200 rows, space for 511
  head.cohort = 0;
  test::write_all(head, 401, "complete");
  const ResultReader result(folder / "a.h5");
  CHECK(result.client_rows() == 1200);
  CHECK(result.client_column("client").back() == 4002);
  head.client_rows = false;
  head.path = folder / "b.h5";
  test::write_all(head, 401, "complete");
  CHECK(ResultReader(head.path).client_columns().empty());
}

TEST_CASE("record: an existing result is refused unless forced", "[record]") {
  const TemporaryFolder folder;
  auto head = test::header(folder / "a.h5", 1);
  test::write_all(head, 2, "complete");
  try {
    ResultWriter writer(head);
    FAIL("was replaced");
  } catch (const OutputError& error) {
    CHECK_THAT(error.what(), Catch::Contains("a.h5 exists already") && Catch::Contains("--force") &&
                                 Catch::Contains("--resume"));
    CHECK(error.exit() == Exit::output);
  }
  head.force = true;
  head.attributes["seed"] = std::int64_t{8};
  test::write_all(head, 2, "complete");
  CHECK(ResultReader(head.path).integer("seed") == 8);
  fs::rename(head.path, folder / "a.h5.part");
  head.force = false;
  CHECK_THROWS_WITH(ResultWriter(head), Catch::Contains("a.h5.part is what an interrupted run left"));
}

TEST_CASE("record: a second run of the same result says who holds it", "[record]") {
  const TemporaryFolder folder;
  const auto head = test::header(folder / "a.h5", 1);
  const ResultWriter first(head);
  CHECK_THROWS_WITH(ResultWriter(head), Catch::Contains("a.lock: this result is being written by process"));
}

TEST_CASE("record: folders that can't be written are refused before training", "[record]") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(ResultWriter(test::header(folder / "none/a.h5", 1)),
                    Catch::Contains("none does not exist") && Catch::Contains("mkdir -p"));
  CHECK_THROWS_AS(ResultWriter(test::header(folder / "none/a.h5", 1)), OutputError);
  std::ofstream(folder / "file") << "x";
  CHECK_THROWS_AS(ResultWriter(test::header(folder / "file/a.h5", 1)), OutputError);
}

TEST_CASE("record: a run without a committed round leaves nothing behind", "[record]") {
  const TemporaryFolder folder;
  { ResultWriter writer(test::header(folder / "a.h5", 3)); }
  {
    ResultWriter writer(test::header(folder / "a.h5", 3));
    writer.partition(test::partition(), test::dataset());
  }
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("record: the live log has a line a round", "[record]") {
  const TemporaryFolder folder;
  ResultWriter writer(test::header(folder / "a.h5", 5));
  writer.partition(test::partition(), test::dataset());
  for (std::int64_t t = 0; t < 3; ++t) writer.add(test::round_row(t), test::client_rows(t));
  writer.commit();
  const auto columns = read_live_log(folder / "a.jsonl");  // while the run goes on
  CHECK(columns.at("round") == std::vector<double>{0, 1, 2});
  CHECK(columns.at("test_loss")[2] == test::round_row(2).test_loss);
  CHECK(std::isnan(columns.at("train_loss")[1]));
  std::ofstream(folder / "a.jsonl", std::ios::app) << "{\"round\": 3, \"test_l";
  CHECK(read_live_log(folder / "a.jsonl").at("round").size() == 3);
}

TEST_CASE("record: rounds wait for each other a second at most, and not for a longer pause", "[record]") {
  const TemporaryFolder folder;
  ResultWriter writer(test::header(folder / "a.h5", 100));
  std::int64_t round = 0;
  const auto add = [&] {
    writer.add(test::round_row(round), test::client_rows(round));
    ++round;
  };
  const auto check_all_safe = [&] {
    CHECK(writer.committed() == round);
    CHECK(ResultReader(folder / "a.h5").committed_rounds() == round);
    CHECK(read_live_log(folder / "a.jsonl").at("round").size() == static_cast<std::size_t>(round));
  };
  add();
  check_all_safe();  // the first one at once
  while (round < 50) add();
  std::this_thread::sleep_for(ResultWriter::longest_wait);
  add();
  check_all_safe();
  while (round < 60) add();
  writer.commit_before(1.5 * std::chrono::duration<double>(ResultWriter::longest_wait).count());
  check_all_safe();
}

TEST_CASE("record: files that are not results are refused", "[record]") {
  const TemporaryFolder folder;
  {
    auto file = hdf5::File::create(folder / "other.h5");
    file.close();
  }
  CHECK_THROWS_WITH(ResultReader(folder / "other.h5"), Catch::Contains("is not a result of fedsim"));
  test::write_all(test::header(folder / "a.h5", 1), 2, "complete");
  {
    auto file = hdf5::File::open_to_write(folder / "a.h5");
    file.root().set("format_version", std::int64_t{2});
    file.root().set("fedsim_version", "9.9.9");
    file.close();
  }
  CHECK_THROWS_WITH(ResultReader(folder / "a.h5"), Catch::Contains("format version 2 needs a newer fedsim (>= 9.9.9;"));
}
