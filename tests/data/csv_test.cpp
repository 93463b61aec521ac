#include <locale.h>

#include <algorithm>

#include "catch.hpp"
#include "data/files.h"

namespace fedsim::test {
namespace {

struct Table {
  TempFolder folder;
  std::map<std::string, OptionValue> options;
  DataContext context;

  Dataset load(const std::string& text) {
    write_file(folder / "t.csv", text);
    options["file"] = (folder / "t.csv").string();
    return load_source("csv", options, context);
  }
  std::string error(const std::string& text) {
    return data_error([&] { load(text); });
  }
};

}  // namespace

TEST_CASE(
    "csv: features in the order of the columns, the target anywhere, LF or CRLF, quotes, a byte order mark") {
  Table table;
  write_file(table.folder / "test.csv", "a,label,b\n9,1,8\n");
  table.options["test_file"] = (table.folder / "test.csv").string();
  const std::string text =
      GENERATE(as<std::string>{}, "a,label,b\n1,0,2.5\n-3e2,1,+4\n", "a,label,b\r\n1,0,2.5\r\n-3e2,1,+4\r\n",
               "\"a\", label ,b\n\"1\",0, 2.5\n-3e2,1,4",
               "\xEF\xBB\xBF"
               "a,label,b\n\n1,0,2.5\n-300,1,4\n\n");
  const auto data = table.load(text);
  CHECK(data.sample_shape == Shape{2});
  CHECK(data.classes == 2);
  CHECK(data.labels == std::vector<std::int32_t>{0, 1});
  CHECK(gather(*data.train, 0, 2, data).x == std::vector<float>{1, 2.5, -300, 4});
  CHECK(gather(*data.test, 0, 1, data).x == std::vector<float>{9, 8});
}

TEST_CASE("csv: test_fraction splits off a seeded tenth; every row is in one half, in order") {
  Table table;
  std::string text = "label,x\n";
  for (int i = 0; i < 25; ++i) text += std::to_string(i % 2) + "," + std::to_string(i) + "\n";
  const auto data = table.load(text);
  CHECK(data.test->size() == 2);  // floor(0.1 * 25)
  auto train = gather(*data.train, 0, 23, data).x;
  CHECK(std::is_sorted(train.begin(), train.end()));
  const auto test = gather(*data.test, 0, 2, data).x;
  train.insert(train.end(), test.begin(), test.end());
  std::sort(train.begin(), train.end());
  for (int i = 0; i < 25; ++i) CHECK(train[static_cast<std::size_t>(i)] == static_cast<float>(i));
  table.context.seed = 2;
  const auto other = table.load(text);
  CHECK(gather(*other.test, 0, 2, other).x != test);
}

TEST_CASE("csv: errors have row and column") {
  Table table;
  using Catch::Contains;
  CHECK_THAT(table.error("a,label\n1,0\n2\n"), Contains("t.csv:3:2: 1 fields, expected 2"));
  CHECK_THAT(table.error("a,label\n1,0\n2,1,5\n"), Contains("t.csv:3:3: 3 fields, expected 2"));
  CHECK_THAT(table.error("a,label\n,0\n"), Contains("t.csv:2:1: empty field in column 'a'"));
  CHECK_THAT(table.error("a,label\n1,0\nx1,1\n"),
             Contains("t.csv:3:1: expected a number in column 'a', found 'x1'"));
  CHECK_THAT(table.error("a,label\n1.5kg,1\n"), Contains("found '1.5kg'"));
  CHECK_THAT(table.error("a,label\n1,0\nnan,1\n"), Contains("t.csv:3:1: nan in column 'a'"));
  CHECK_THAT(table.error("a,label\n1e999,1\n"), Contains("t.csv:2:1") && Contains("range"));
  CHECK_THAT(table.error("a,a,label\n1,2,1\n"), Contains("t.csv:1:2: column 'a' is there twice"));
  CHECK_THAT(table.error("a,label\n\"1,1\n"), Contains("t.csv:2:1: a quote is not closed"));
  CHECK_THAT(table.error("a,label\n1,0.5\n"), Contains("column 'label'") && Contains("label 0.5 at index 0"));
  CHECK_THAT(table.error("a,label\n1,0\n1,-1\n"), Contains("label -1 at index 1"));
  CHECK_THAT(table.error("a,label\n1,0\n1,0\n"), Contains("one class only"));
  CHECK_THAT(table.error("a,label\n1,0\n1,1\n"), Contains("empty test set at data.test_fraction = 0.1"));
  CHECK_THAT(table.error("a,label\n"), Contains("no rows"));
  CHECK_THAT(table.error("label\n1\n0\n"), Contains("one column only"));
}

TEST_CASE("csv: allow_nonfinite lets NaN in") {
  Table table;
  table.context.allow_nonfinite = true;
  table.context.test_fraction = 0.5;
  CHECK(table.load("a,label\nnan,0\ninf,1\n").train->size() == 1);
}

TEST_CASE("csv: an unknown target is an error of the option, with a suggestion") {
  Table table;
  table.options["target"] = std::string("lable");
  try {
    table.load("a,label\n1,0\n");
    FAIL("no error");
  } catch (const OptionError& error) {
    CHECK(error.option == "target");
    CHECK(error.help == "did you mean 'label'?");
  }
}

TEST_CASE("csv: numbers do not depend on the locale") {
  const std::string before = setlocale(LC_ALL, nullptr);
  if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8"))
    WARN("no locale with a decimal comma here: checked in the C locale only");
  Table table;
  table.context.test_fraction = 0.5;
  const auto data = table.load("a,label\n1.5,0\n1.5,1\n");
  setlocale(LC_ALL, before.c_str());
  CHECK(gather(*data.train, 0, 1, data).x == std::vector<float>{1.5});
}

}  // namespace fedsim::test
