// Bases and --sets: who wins, where an error points, cycles.
#include "config/config_text.hpp"

using namespace fedsim;
using fedsim::test::complaints_of;
using fedsim::test::write_text;

TEST_CASE("a file wins over its bases, a --set over the file", "[config][document]") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "sub");
  write_text(folder / "root.toml", "seed = 1\nrounds = 5\n[client]\nlr = 0.1\nepochs = 2\n");
  write_text(folder / "sub" / "mid.toml", "base = \"../root.toml\"\nrounds = 6\n[client]\nlr = 0.2\n");
  const auto file = write_text(folder / "exp.toml", "base = \"sub/mid.toml\"\n[client]\nlr = 0.3\n");
  const ConfigDocument document(file, {"client.lr=0.4", "client.lr=0.5", "model.name=cnn"});
  CHECK(document.root().find("seed")->integer == 1);
  CHECK(document.root().find("rounds")->integer == 6);
  CHECK(document.root().find("base") == nullptr);
  CHECK(document.table("client")->find("epochs")->integer == 2);
  CHECK(document.table("client")->find("lr")->real == 0.5);
  CHECK(document.table("model")->find("name")->text == "cnn");
  // Every key keeps the place where it was written.
  CHECK(document.place("client", "lr").source->name == "--set #2");
  CHECK(document.place("client", "epochs").source->name == (folder / "root.toml").string());
  CHECK(document.place("client", "epochs").line == 5);
  CHECK(document.place("", "rounds").source->name == (folder / "sub/mid.toml").string());
  // What was replaced is still known.
  CHECK(document.table("client")->find("lr")->replaced->replaced->real == 0.3);
  // A key that is not written is at its table, a table that is not written at the file.
  CHECK(document.place("client", "steps").line == 2);
  CHECK(document.place("server", "lr").line == 0);
}

TEST_CASE("bases that cannot be read are located where they are named", "[config][document]") {
  const TemporaryFolder folder;
  write_text(folder / "a.toml", "base = \"b.toml\"\n");
  write_text(folder / "b.toml", "\nbase = \"a.toml\"\n");
  const auto cycle = complaints_of([&] { ConfigDocument(folder / "a.toml", {}); });
  REQUIRE(cycle.size() == 1);
  CHECK(cycle[0].file == (folder / "b.toml").string());
  CHECK(cycle[0].line == 2);
  CHECK(cycle[0].message == "'base' leads back to " + (folder / "a.toml").string() + ": a cycle");

  write_text(folder / "self.toml", "base = \"self.toml\"\n");
  CHECK(complaints_of([&] { ConfigDocument(folder / "self.toml", {}); })[0].line == 1);

  write_text(folder / "c.toml", "seed = 1\nbase = \"absent.toml\"\n");
  const auto absent = complaints_of([&] { ConfigDocument(folder / "c.toml", {}); });
  CHECK(absent[0].line == 2);
  CHECK(absent[0].column == 8);
  CHECK(absent[0].message == "base " + (folder / "absent.toml").string() + ": no such file");

  write_text(folder / "d.toml", "base = 3\n");
  CHECK(complaints_of([&] { ConfigDocument(folder / "d.toml", {}); })[0].message ==
        "'base': expected the name of a config file, found integer 3");
}

TEST_CASE("malformed --sets are all reported, beside a syntax error of the file", "[config][document]") {
  const TemporaryFolder folder;
  const auto file = write_text(folder / "exp.toml", "seed = \n");
  const auto found = complaints_of([&] { ConfigDocument(file, {"seed", "rounds=3", "base=x.toml", "=1"}); });
  REQUIRE(found.size() == 4);
  CHECK(found[0].file == file.string());
  CHECK(found[1].file == "--set #1");
  CHECK(found[2].file == "--set #3");
  CHECK(found[3].file == "--set #4");
}

TEST_CASE("at most twenty errors are shown", "[config][document]") {
  auto source = std::make_shared<Source>();
  source->name = "exp.toml";
  Complaints complaints;
  for (std::size_t line = 30; line > 0; --line)
    complaints.add({.source = source, .line = line, .column = 1}, "wrong");
  const auto found = complaints_of([&] { complaints.throw_if_any(); });
  REQUIRE(found.size() == 21);
  CHECK(found[0].line == 1);  // in the order of the text
  CHECK(found[19].line == 20);
  CHECK(found[20].message == "10 more errors are not shown");
}
