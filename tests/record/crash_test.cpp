// What a result is worth after kill -9, a full disk, and bits that flip.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "catch.hpp"
#include "core/random.h"
#include "fixture.hpp"
#include "record/result_reader.h"
#include "record/result_writer.h"
#include "temporary_folder.hpp"

using namespace fedsim;
namespace fs = std::filesystem;

namespace {

void check_values(const ResultReader& result) {
  const auto rounds = result.column("round"), loss = result.column("test_loss");
  const auto clients = result.client_column("client");
  for (std::size_t t = 0; t < rounds.size(); ++t) {
    REQUIRE(rounds[t] == static_cast<double>(t));
    REQUIRE(loss[t] == test::round_row(static_cast<std::int64_t>(t)).test_loss);
  }
  REQUIRE(result.client_rows() == std::max<std::int64_t>(result.committed_rounds() - 1, 0) * test::cohort);
  for (std::size_t i = 0; i < clients.size(); ++i)
    REQUIRE(clients[i] == static_cast<double>(10 * (i / test::cohort + 1) + i % test::cohort));
}

// A child that commits rounds until it is killed, telling each committed one through a pipe.
pid_t start_writer(const fs::path& path, int tell) {
  const pid_t child = fork();
  if (child != 0) return child;
  try {
    auto head = test::header(path, 100000);
    head.cohort = 0;  // /clients grows while it runs
    ResultWriter writer(head);
    writer.partition(test::partition(), test::dataset());
    for (std::int64_t t = 0; t <= 100000; ++t) {
      writer.add(test::round_row(t), test::client_rows(t));
      if (t % 20 == 0) writer.commit();
      const std::int64_t safe = writer.committed() - 1;
      if (write(tell, &safe, sizeof safe) != sizeof safe) break;
    }
  } catch (...) {
  }
  _exit(1);
}

}  // namespace

TEST_CASE("record: kill -9 at any time loses no committed round", "[record][slow]") {
  const TemporaryFolder folder;
  Random random(1, Purpose::update);
  std::int64_t most = 0;
  for (int repeat = 0; repeat < 8; ++repeat) {
    const auto path = folder / ("run" + std::to_string(repeat) + ".h5");
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = start_writer(path, ends[1]);
    REQUIRE(child > 0);
    close(ends[1]);
    std::int64_t told = -1, round = 0;
    REQUIRE(read(ends[0], &round, sizeof round) == sizeof round);  // it has begun
    told = round;
    // Reads go on in a thread: the pipe must not hold the child up.
    std::thread reader([&] {
      while (read(ends[0], &round, sizeof round) == sizeof round) told = round;
    });
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(120000)));
    kill(child, SIGKILL);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    reader.join();
    close(ends[0]);
    REQUIRE(WIFSIGNALED(status));
    const ResultReader result(path);  // finds NAME.h5.part
    CHECK(result.status() == "running");
    CHECK(result.committed_rounds() >= told + 1);
    check_values(result);
    most = std::max(most, result.committed_rounds());
  }
  CHECK(most > 20);  // not all were killed before the second commit
}

TEST_CASE("record: a file that is being written is told from a damaged one", "[record]") {
  const TemporaryFolder folder;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ResultWriter writer(test::header(folder / "a.h5", 3));
    writer.add(test::round_row(0), {});
    if (write(ends[1], "x", 1) != 1) _exit(1);
    while (true) pause();
  }
  char told = 0;
  const auto bytes = read(ends[0], &told, 1);
  CHECK_THROWS_WITH(ResultReader(folder / "a.h5"), Catch::Contains("another program is writing"));
  kill(child, SIGKILL);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  close(ends[0]);
  close(ends[1]);
  REQUIRE(bytes == 1);
  CHECK(ResultReader(folder / "a.h5").committed_rounds() == 1);
}

TEST_CASE("record: a full disk is an error that says what is safe", "[record]") {
  const TemporaryFolder folder;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::string message = "no error";
    try {
      auto head = test::header(folder / "a.h5", 2000);
      head.cohort = 0;
      ResultWriter writer(head);
      writer.partition(test::partition(), test::dataset());
      const auto now = fs::file_size(folder / "a.h5.part");
      const rlimit limit{now + 100000, now + 100000};  // bytes: stands in for a full disk
      if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(2);
      for (std::int64_t t = 0; t <= 2000; ++t) {
        writer.add(test::round_row(t), test::client_rows(t));
        writer.commit();
      }
    } catch (const OutputError& error) {
      message = error.what();
    } catch (...) {
      message = "another exception";
    }
    const auto written = write(ends[1], message.data(), message.size());
    _exit(written == static_cast<ssize_t>(message.size()) ? 0 : 1);
  }
  close(ends[1]);
  std::string message(4096, '\0');
  const auto bytes = read(ends[0], message.data(), message.size());
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));  // and not killed by SIGXFSZ
  message.resize(bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
  INFO(message);
  CHECK_THAT(message, Catch::Contains("a.h5.part") && Catch::Contains("File too large") &&
                          Catch::Contains("are safe in"));
  const ResultReader result(folder / "a.h5");
  CHECK(result.committed_rounds() > 100);
  check_values(result);
}

TEST_CASE("record: rows that a loss of power took are told, not read as zeros", "[record]") {
  const TemporaryFolder folder;
  const auto path = folder / "a.h5";
  {
    ResultWriter writer(test::header(path, 9));
    for (std::int64_t t = 0; t < 6; ++t) writer.add(test::round_row(t), test::client_rows(t));
  }
  auto file = hdf5::File::open_to_write(path.string() + ".part");
  SECTION("all of a row") {
    file.root().dataset("rounds/round").write_rows<std::int64_t>(4, std::vector<std::int64_t>{0, 0});
    file.close();
    CHECK_THROWS_WITH(ResultReader(path), Catch::Contains("a.h5.part: is damaged") &&
                                              Catch::Contains("round 4 is not there") && Catch::Contains("--resume"));
    CHECK(ResultReader(path, ResultReader::Trust::as_is).committed_rounds() == 6);
  }
  SECTION("one value") {
    file.root().dataset("clients/samples").write_rows<std::int64_t>(3, std::vector<std::int64_t>{0});
    file.close();
    CHECK_THROWS_WITH(ResultReader(path), Catch::Contains("a.h5.part: is damaged"));
  }
  SECTION("a round that the hash does not tell of counts for nothing") {
    file.root().set("committed_rounds", std::int64_t{7});
    file.close();
    const ResultReader result(path);
    CHECK(result.committed_rounds() == 6);
    check_values(result);
  }
}

TEST_CASE("record: a flipped bit anywhere is found", "[record]") {
  const TemporaryFolder folder;
  const auto good = folder / "a.h5", bad = folder / "b.h5";
  test::write_all(test::header(good, 20), 21, "complete");
  std::string bytes;
  {
    std::ifstream in(good, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  const ResultReader reference(good);
  const auto loss = reference.column("test_loss");
  Random random(2, Purpose::update);
  int found = 0;
  for (int repeat = 0; repeat < 120; ++repeat) {
    auto copy = bytes;
    const auto at = random.below(bytes.size());
    copy[at] = static_cast<char>(copy[at] ^ (1 << random.below(8)));
    std::ofstream(bad, std::ios::binary) << copy;
    try {
      const ResultReader result(bad);
      // Not found: then it hit space that holds nothing, and every value is as it was.
      REQUIRE(result.column("test_loss") == loss);
      REQUIRE(result.model() == test::model());
      REQUIRE(result.attributes() == reference.attributes());
    } catch (const Error&) {
      ++found;
    }
  }
  CHECK(found > 0);
}
