#include <functional>

#include "catch.hpp"
#include "core/hdf5/file.h"
#include "data/files.h"
#include "data/word_count.h"

namespace fedsim::test {
namespace {

using Catch::Contains;
using Ints = std::vector<std::int64_t>;

void write_h5(const std::filesystem::path& path, const std::function<void(hdf5::Group&)>& fill) {
  std::filesystem::create_directories(path.parent_path());
  std::filesystem::remove(path);
  auto file = hdf5::File::create(path);
  auto root = file.root();
  fill(root);
  file.close();
}

/// x = 0, 1, 2, ... as float32 [n, 2], y = i mod 2.
void half(hdf5::Group& root, const std::string& name, std::int64_t n) {
  auto group = root.create_group(name);
  std::vector<float> x;
  Ints y;
  for (std::int64_t i = 0; i < n; ++i) {
    x.push_back(static_cast<float>(2 * i));
    x.push_back(static_cast<float>(2 * i + 1));
    y.push_back(i % 2);
  }
  group.write<float>("x", {n, 2}, x);
  group.write<std::int64_t>("y", {n}, y);
}

struct Own {
  TempFolder folder;
  Dataset load(const std::function<void(hdf5::Group&)>& fill) const {
    write_h5(folder / "d.h5", fill);
    return load_source("hdf5", {{"file", (folder / "d.h5").string()}});
  }
  std::string error(const std::function<void(hdf5::Group&)>& fill) const {
    return data_error([&] { load(fill); });
  }
};

}  // namespace

TEST_CASE("hdf5: own layout with users and a test set") {
  const Own own;
  const auto data = own.load([](hdf5::Group& root) {
    half(root, "train", 5);
    half(root, "test", 2);
    root.group("train").write<std::int64_t>("users", {5}, Ints{3, 3, 7, 9, 9});
  });
  CHECK(data.user_offsets == Ints{0, 2, 3, 5});
  CHECK(data.sample_shape == Shape{2});
  CHECK(data.labels == std::vector<std::int32_t>{0, 1, 0, 1, 0});
  CHECK(gather(*data.train, 3, 1, data).x == std::vector<float>{6, 7});
  CHECK(data.test->size() == 2);
}

TEST_CASE("hdf5: without a test set every user gives its last tenth") {
  const Own own;
  const auto data = own.load([](hdf5::Group& root) {
    half(root, "train", 35);
    Ints users(35, 0);
    for (std::size_t i = 20; i < 35; ++i) users[i] = 1;
    root.group("train").write<std::int64_t>("users", {35}, users);
  });
  // floor(0.1 * 20) = 2 of user 0 (rows 18, 19), floor(0.1 * 15) = 1 of user 1 (row 34).
  CHECK(data.user_offsets == Ints{0, 18, 32});
  const auto test = gather(*data.test, 0, 3, data);
  CHECK(test.x == std::vector<float>{36, 37, 38, 39, 68, 69});
  CHECK(gather(*data.train, 18, 1, data).x == std::vector<float>{40, 41});
}

TEST_CASE("hdf5: what does not fit is named") {
  const Own own;
  CHECK_THAT(own.error([](hdf5::Group& root) { half(root, "test", 3); }), Contains("train"));
  CHECK_THAT(own.error([](hdf5::Group& root) {
    root.create_group("train").write_text("x", {"a", "b"});
    root.group("train").write<std::int64_t>("y", {2}, Ints{0, 1});
  }),
             Contains("/train/x") && Contains("expected numbers"));
  CHECK_THAT(own.error([](hdf5::Group& root) {
    half(root, "train", 4);
    root.group("train").write<std::int64_t>("users", {4}, Ints{0, 1, 0, 1});
  }),
             Contains("user 0 at index 2 after user 1"));
  CHECK_THAT(own.error([](hdf5::Group& root) {
    half(root, "train", 4);
    root.group("train").write<std::int64_t>("users", {3}, Ints{0, 1, 1});
  }),
             Contains("/train/users"));
  CHECK_THAT(own.error([](hdf5::Group& root) {
    auto train = root.create_group("train");
    train.write<double>("x", {2, 1}, std::vector<double>{1, std::numeric_limits<double>::infinity()});
    train.write<std::int64_t>("y", {2}, Ints{0, 1});
  }),
             Contains("/train/x: inf at sample 1, feature 0"));
  CHECK_THAT(own.error([](hdf5::Group& root) {
    half(root, "train", 4);
    auto test = root.create_group("test");
    test.write<double>("x", {1, 3}, std::vector<double>{1, 2, 3});
    test.write<std::int64_t>("y", {1}, Ints{0});
  }),
             Contains("/test/x") && Contains("expected 2"));
}

TEST_CASE("femnist: writers in order of name are the users") {
  TempFolder folder;
  const auto writer = [](hdf5::Group& examples, const std::string& name, std::int64_t n, float pixel) {
    auto group = examples.create_group(name);
    group.write<float>("pixels", {n, 28, 28}, std::vector<float>(static_cast<std::size_t>(784 * n), pixel));
    group.write<std::int32_t>("label", {n}, std::vector<std::int32_t>(static_cast<std::size_t>(n), 61));
  };
  write_h5(folder / "femnist/fed_emnist_train.h5", [&](hdf5::Group& root) {
    auto examples = root.create_group("examples");
    writer(examples, "f2", 3, 0.5F);
    writer(examples, "f1", 2, 0.25F);
  });
  write_h5(folder / "femnist/fed_emnist_test.h5", [&](hdf5::Group& root) {
    auto examples = root.create_group("examples");
    writer(examples, "f1", 1, 1);
  });
  DataContext context;
  context.data_root = folder.path();
  const auto data = load_source("femnist", {}, context);
  CHECK(data.user_offsets == Ints{0, 2, 5});
  CHECK(data.classes == 62);
  CHECK(gather(*data.train, 1, 1, data).x == std::vector<float>(784, 0.25F));
  CHECK(gather(*data.train, 2, 1, data).x == std::vector<float>(784, 0.5F));
  CHECK(data.test->size() == 1);
  CHECK(load_source("femnist", {{"max_users", std::int64_t{1}}}, context).train->size() == 2);
}

TEST_CASE("shakespeare: the next character at every position, padding counts in no loss") {
  TempFolder folder;
  for (const auto* name : {"train", "test"})
    write_h5(folder / (std::string("shakespeare/shakespeare_") + name + ".h5"), [](hdf5::Group& root) {
      auto examples = root.create_group("examples");
      examples.create_group("ROMEO").write_text("snippets", {"dhl", "d~"});
    });
  DataContext context;
  context.data_root = folder.path();
  const auto data = load_source("shakespeare", {{"sequence_length", std::int64_t{3}}}, context);
  CHECK(data.vocabulary == 90);
  CHECK(data.targets == 3);
  CHECK(data.user_offsets == Ints{0, 3});
  // "dhl" is 88 1 2 3 89 in pieces of four: [88 1 2 3], [89]; "d~" is [88 1 87 89].
  const auto got = gather(*data.train, 0, 3, data);
  CHECK(got.x == std::vector<float>{88, 1, 2, 89, 0, 0, 88, 1, 87});
  CHECK(got.y == std::vector<std::int32_t>{1, 2, 3, -1, -1, -1, 1, 87, 89});
}

TEST_CASE("stackoverflow: words of the vocabulary, others, begin and end") {
  TempFolder folder;
  for (const auto* name : {"train", "test"})
    write_h5(folder / (std::string("stackoverflow/stackoverflow_") + name + ".h5"), [](hdf5::Group& root) {
      auto examples = root.create_group("examples");
      examples.create_group("1").write_text("tokens", {"how to"});
      examples.create_group("2").write_text("tokens", {"to sort to how", "sort"});
    });
  write_file(folder / "stackoverflow/stackoverflow.word_count", R"({"sort": 1, "to": 9, "how": 5})");
  DataContext context;
  context.data_root = folder.path();
  const auto data = load_source("stackoverflow",
                                {{"words", std::int64_t{2}}, {"sequence_length", std::int64_t{3}}}, context);
  CHECK(data.vocabulary == 6);
  CHECK(data.user_offsets == Ints{0, 1, 3});
  // to = 1, how = 2, others = 3, begin = 4, end = 5. "how to": 4 2 1 5; "to sort to (how)": 4 1 3 1; "sort":
  // 4 3 5 0.
  const auto got = gather(*data.train, 0, 3, data);
  CHECK(got.x == std::vector<float>{4, 2, 1, 4, 1, 3, 4, 3, 5});
  CHECK(got.y == std::vector<std::int32_t>{2, 1, 5, 1, 3, 1, 3, 5, -1});
  CHECK_THAT(data_error([&] {
               load_source("stackoverflow", {{"words", std::int64_t{4}}}, context);
             }),
             Contains("3 words, expected at least 4"));
}

TEST_CASE("word count: escapes, spaces, order; anything else is located") {
  TempFolder folder;
  const auto words = [&](const std::string& text, std::size_t most) {
    write_file(folder / "w", text);
    return most_frequent_words(folder / "w", most);
  };
  // U+00E9 is C3 A9, U+20AC is E2 82 AC, U+1F600 (a pair of surrogates) is F0 9F 98 80 in UTF-8.
  CHECK(words(R"( { "a\"\\\n" : 3 , "\u00e9": 3, "\u20AC":7,"\ud83d\ude00":1 } )", 4) ==
        std::vector<std::string>{"\xE2\x82\xAC", "a\"\\\n", "\xC3\xA9", "\xF0\x9F\x98\x80"});
  for (const auto* bad :
       {"[]", "{\"a\" 1}", "{\"a\": x}", "{\"a\": 1", "{\"a\": 1 \"b\": 2}", "{\"\\q\": 1}", "{\"a"})
    CHECK_THAT(data_error([&] { words(bad, 1); }), Contains("byte"));
}

}  // namespace fedsim::test
