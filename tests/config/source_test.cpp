// Files that are no config: what is said, and that nothing hangs.
#include <sys/stat.h>
#include <unistd.h>

#include "config/config_text.hpp"
#include "config/value.h"

using namespace fedsim;
using fedsim::test::complaints_of;
using fedsim::test::write_text;

namespace {

std::string message_of(const std::filesystem::path& path) {
  const auto found = complaints_of([&] { read_source(path, "exp.toml"); });
  REQUIRE(found.size() == 1);
  CHECK(found[0].file == "exp.toml");
  return found[0].message;
}

}  // namespace

TEST_CASE("a config that cannot be read says why", "[config][source]") {
  const TemporaryFolder folder;
  CHECK(message_of(folder / "absent.toml") == "no such file");
  CHECK(message_of(folder.path()) == "is a folder, expected a config file (TOML)");

  const auto fifo = folder / "fifo.toml";
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(message_of(fifo) == "is a named pipe (FIFO), expected a config file (TOML)");

  // A sparse file of 2 GB: its size alone must refuse it.
  const auto huge = write_text(folder / "huge.toml", "");
  std::filesystem::resize_file(huge, std::uintmax_t{1} << 31);
  CHECK(message_of(huge) == "is 2.15 GB large; a config may have 16 MB at most");

  if (geteuid() != 0) {  // root reads everything
    const auto closed = write_text(folder / "closed.toml", "seed = 1\n");
    REQUIRE(chmod(closed.c_str(), 0) == 0);
    CHECK(message_of(closed) == "cannot be read: Permission denied");
  }
}

TEST_CASE("encoding errors name the byte", "[config][source]") {
  const TemporaryFolder folder;
  const auto of = [&](const std::string& bytes) { return message_of(write_text(folder / "c.toml", bytes)); };
  CHECK(of("a = 1\nb = \"\xFF\"\n") == "not UTF-8: byte 0xFF at offset 11 (line 2)");
  CHECK(of(std::string("a = 1\n\0b", 8)) == "NUL byte at offset 6 (line 2)");
  CHECK(of("\xC0\xAF") == "not UTF-8: byte 0xC0 at offset 0 (line 1)");          // overlong '/'
  CHECK(of("\xED\xA0\x80") == "not UTF-8: byte 0xED at offset 0 (line 1)");      // a surrogate
  CHECK(of("\xF4\x90\x80\x80") == "not UTF-8: byte 0xF4 at offset 0 (line 1)");  // > U+10FFFF
  CHECK(of("x\xE2\x82") == "not UTF-8: byte 0xE2 at offset 1 (line 1)");         // cut short
}

TEST_CASE("a byte-order mark is no part of the text, and lines may end in CRLF", "[config][source]") {
  const TemporaryFolder folder;
  const auto source = read_source(write_text(folder / "c.toml", "\xEF\xBB\xBF# é\r\nseed = 3\r\n"), "c.toml");
  CHECK(source->line(1) == "# é");
  CHECK(source->line(2) == "seed = 3");
  CHECK(source->line(3).empty());
  CHECK(source->line(9).empty());
  const Value root = parse_toml(source);
  CHECK(root.find("seed")->integer == 3);
  CHECK(root.find("seed")->place.line == 2);
}
