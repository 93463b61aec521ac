// TOML text -> values with positions; syntax errors; --set.
#include "config/config_text.hpp"
#include "config/value.h"

using namespace fedsim;
using fedsim::test::complaints_of;

namespace {

SourcePtr text(const std::string& content) {
  auto source = std::make_shared<Source>();
  source->name = "exp.toml";
  source->text = content;
  source->index_lines();
  return source;
}

Diagnostic syntax_error(const std::string& content) {
  const auto found = complaints_of([&] { parse_toml(text(content)); });
  REQUIRE(found.size() == 1);
  return found[0];
}

Value set(const std::string& content) { return parse_set(content, 2, "/home/me", 1); }

}  // namespace

TEST_CASE("every value and key knows its place", "[config][parse]") {
  const Value root = parse_toml(text("name = \"é\" # c\n[client]\nlr  = 0.1\nlist = [1e2,\n 'b']\n"));
  const Value& client = *root.find("client");
  const Value& lr = *client.find("lr");
  CHECK(root.find("name")->place.column == 8);
  CHECK(root.find("name")->place.width == 3);  // code points, with the quotes
  CHECK(client.key.line == 2);
  CHECK(client.key.column == 2);
  CHECK(lr.key.line == 3);
  CHECK(lr.key.column == 1);
  CHECK(lr.key.width == 2);
  CHECK(lr.place.column == 7);
  CHECK(lr.text == "0.1");
  CHECK(describe(client.find("list")->items[0]) == "float 1e2");
  CHECK(client.find("list")->items[1].place.line == 5);
  CHECK(describe(*root.find("name")) == "string \"é\"");
}

TEST_CASE("syntax errors have line and column", "[config][parse]") {
  CHECK(syntax_error("a = 1\ns = \"abc\n").line == 2);
  CHECK(syntax_error("a = 1\ns = \"abc\n").column == 9);
  CHECK(syntax_error("lr = 0,1\n").column == 7);
  CHECK(syntax_error("[client\nlr = 1\n").line == 1);
  const auto word = syntax_error("[partition]\nscheme = iid\n");
  CHECK(word.line == 2);
  CHECK(word.help == "text needs quotes: key = \"text\"");
  CHECK(word.source_line == "scheme = iid");
  const auto big = syntax_error("seed = 99999999999999999999\n");
  CHECK(big.message ==
        "integer 99999999999999999999 is out of range: expected -9223372036854775808 to 9223372036854775807");
  CHECK(big.column == 8);
}

TEST_CASE("a duplicate names both positions", "[config][parse]") {
  struct Case {
    const char* text;
    std::size_t line, column;
    const char* first;
  };
  const Case cases[] = {
      {"a = 1\nb = 2\na = 3\n", 3, 1, "duplicate key 'a', first written at exp.toml:1:1"},
      {"[x]\na = 1\n[y]\n a = 1\n b = 2\n a = 3\n", 6, 2, "duplicate key 'a', first written at exp.toml:4:2"},
      {"[x]\na = 1\n[y]\nb = 1\n[x]\n", 5, 2, "duplicate table [x], first written at exp.toml:1:2"},
      {"c.x = 1\nc.x = 2\n", 2, 1, "duplicate key 'c.x', first written at exp.toml:1:3"},
      {"x = {a = 1, a = 2}\n", 1, 13, "duplicate key 'a', first written at exp.toml:1:6"},
      {"[[u]]\nk = 1\n[[u]]\nk = 2\nk = 3\n", 5, 1, "duplicate key 'k', first written at exp.toml:4:1"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.text);
    const auto error = syntax_error(one.text);
    CHECK(error.message == one.first);
    CHECK(error.line == one.line);
    CHECK(error.column == one.column);
  }
}

TEST_CASE("a key of endless parts is refused, not nested", "[config][parse]") {
  std::string key = "a";
  for (int i = 0; i < 200000; ++i) key += ".a";
  CHECK(syntax_error("x = 1\n" + key + " = 1\n").message == "a key of more than 100 dotted parts");
  CHECK(syntax_error("x = 1\n" + key + " = 1\n").line == 2);
  CHECK_NOTHROW(parse_toml(text("# " + std::string(500, '.') + "\nx = 1\n")));
}

TEST_CASE("--set takes TOML values and bare words", "[config][parse]") {
  const Value lr = set("client.lr=0.1");
  CHECK(lr.find("client")->find("lr")->real == 0.1);
  CHECK(lr.find("client")->find("lr")->place.column == 11);
  CHECK(lr.find("client")->find("lr")->place.width == 3);
  CHECK(set("partition.scheme=iid").find("partition")->find("scheme")->text == "iid");
  CHECK(set("model.name=2nn").find("model")->find("name")->text == "2nn");
  CHECK(set("device=cuda:0").find("device")->text == "cuda:0");
  CHECK(set("name=say \"hi\" \\o/").find("name")->text == "say \"hi\" \\o/");
  CHECK(set("name=\"5\"").find("name")->text == "5");
  CHECK(set("output.per_client=false").find("output")->find("per_client")->kind == Value::Kind::boolean);
  CHECK(set("model.layers=[\"relu\", \"linear 10\"]").find("model")->find("layers")->items.size() == 2);
}

TEST_CASE("a malformed --set is located in it", "[config][parse]") {
  struct Case {
    const char* text;
    const char* message;
    std::size_t column;
  };
  const Case cases[] = {
      {"client.lr", "expected KEY=VALUE, found no '='", 1},
      {"=3", "'' is not a key", 1},
      {"a..b=3", "'a..b' is not a key", 1},
      {"[client]\nlr=3", "'[client]\nlr' is not a key", 1},
      {"seed=", "no value for 'seed'", 6},
      {"seed=[1", "'[1' is not a TOML value", 6},
      {"name=\"open", "'\"open' is not a TOML value", 6},
      {"seed=1\nrounds=2", "the value of 'seed' is not one TOML value", 6},
  };
  for (const auto& one : cases) {
    CAPTURE(one.text);
    const auto found = complaints_of([&] { set(one.text); });
    REQUIRE(found.size() == 1);
    CHECK(found[0].file == "--set #2");
    CHECK(found[0].message == one.message);
    CHECK(found[0].column == one.column);
  }
}
