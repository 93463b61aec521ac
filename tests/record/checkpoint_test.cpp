#include "record/checkpoint.h"

#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/random.h"

using namespace fedsim;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / ("fedsim-checkpoint-" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

Vec vec(const std::vector<double>& values) { return Vec::of(std::span<const double>(values)); }

Checkpoint example(std::int64_t round) {
  Checkpoint c;
  c.config_hash = "abc";
  c.config = "rounds = 3\n";
  c.trainer = "autograd";
  c.round = round;
  c.resumed_on = "after round 3: device cpu -> cuda:0";
  c.state.w = vec({1, -2, 3});
  c.state.vectors["c"] = vec({4, 5, 6});
  c.store = {"0123abcd", 8};
  c.clients[7].vectors["c"] = vec({0.5, 0, -0.5});
  c.clients[2000000].vectors["v"] = Vec(2, Dtype::float32);
  return c;
}

void no_warning(const std::string& text) { FAIL(text); }

}  // namespace

TEST_CASE("a checkpoint comes back whole, and the one before it is kept") {
  const Folder folder;
  const fs::path path = checkpoint_path(folder.path / "run.h5");
  CHECK(path.filename() == "run.ckpt");
  CHECK_FALSE(read_checkpoint(path, no_warning).has_value());
  write_checkpoint(path, example(10));
  write_checkpoint(path, example(20));
  const auto c = read_checkpoint(path, no_warning);
  REQUIRE(c.has_value());
  CHECK(c->round == 20);
  CHECK(c->config == "rounds = 3\n");
  CHECK(c->resumed_on == "after round 3: device cpu -> cuda:0");
  CHECK(c->state.w == vec({1, -2, 3}));
  CHECK(c->state.vectors.at("c") == vec({4, 5, 6}));
  CHECK(c->clients.size() == 2);
  CHECK(c->store.id == "0123abcd");
  CHECK(c->store.previous == 8);
  CHECK(c->clients.at(7).vectors.at("c") == vec({0.5, 0, -0.5}));
  CHECK(c->clients.at(2000000).vectors.at("v") == Vec(2, Dtype::float32));
  CHECK(fs::exists(fs::path(path) += ".previous"));
  remove_checkpoints(path);
  CHECK(fs::is_empty(folder.path));
}

TEST_CASE("every flipped bit and every cut is noticed, and the checkpoint before is taken") {
  const Folder folder;
  const fs::path path = folder.path / "run.ckpt";
  write_checkpoint(path, example(10));
  write_checkpoint(path, example(20));
  const std::string whole = read_file(path);
  Random random(5, Purpose::data);
  for (int trial = 0; trial < 200; ++trial) {
    std::string damaged = whole;
    if (trial % 4 == 0)
      damaged.resize(random.below(whole.size()));
    else
      damaged[random.below(whole.size())] ^= static_cast<char>(1u << random.below(8));
    write_file_synced(path, damaged);
    std::string warning;
    const auto c = read_checkpoint(path, [&](const std::string& text) { warning = text; });
    REQUIRE(c.has_value());
    CHECK(c->round == 10);
    CHECK(warning.find(path.string()) != std::string::npos);
  }
}

TEST_CASE("two bad checkpoints are an error, a newer format is named") {
  const Folder folder;
  const fs::path path = folder.path / "run.ckpt";
  std::string bytes = "FEDSIMCK";
  bytes += std::string("\x63\0\0\0", 4);  // version 99
  bytes += std::string(100, 'x');
  write_file_synced(path, bytes);
  write_file_synced(fs::path(path) += ".previous", "not one");
  try {
    read_checkpoint(path, [](const std::string&) {});
    FAIL("accepted");
  } catch (const OutputError& error) {
    CHECK(std::string(error.what()).find("format version 99 needs a newer fedsim") != std::string::npos);
    CHECK(std::string(error.what()).find("--force") != std::string::npos);
  }
}

TEST_CASE("an honest hash over a lying length allocates nothing") {
  // A vector that claims 2^60 elements, in a file with a right trailer.
  const Folder folder;
  const fs::path path = folder.path / "run.ckpt";
  std::string bytes = "FEDSIMCK";
  bytes += std::string("\2\0\0\0", 4);
  bytes += std::string(8 * 8, '\0');   // eight empty strings
  bytes += std::string(8, '\0');       // round
  bytes += std::string(1, '\1');       // float64
  bytes += std::string("\0\0\0\0\0\0\0\x10", 8);
  bytes += Hash().add(bytes).hex();
  write_file_synced(path, bytes);
  CHECK_THROWS_AS(read_checkpoint(path, [](const std::string&) {}), OutputError);
}

TEST_CASE("a checkpoint that cannot be written names the file and leaves the old ones") {
  const Folder folder;
  CHECK_THROWS_AS(write_checkpoint(folder.path / "missing" / "run.ckpt", example(1)), OutputError);
}
