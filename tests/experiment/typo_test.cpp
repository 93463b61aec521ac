// Single-edit typos of every key of every table, generated from the visitors themselves: the right suggestion
// comes first in at least 95 % (reliability figure B2).
#include <map>
#include <set>

#include "core/random.h"
#include "experiment/experiment_text.hpp"
#include "experiment/known_keys.h"

using namespace fedsim;
using namespace fedsim::test;

namespace {

std::string letter(Random& random) { return std::string(1, static_cast<char>('a' + random.below(26))); }

/// The four kinds of single edit at a random place; "" where the word is too short for it.
std::string edited(const std::string& word, int kind, Random& random) {
  std::string result = word;
  if (kind == 0) return result.insert(random.below(word.size() + 1), letter(random));
  if (kind == 1) return word.size() < 2 ? std::string() : result.erase(random.below(word.size()), 1);
  if (kind == 2) return result.replace(random.below(word.size()), 1, letter(random));
  if (word.size() < 2) return {};
  const std::size_t at = random.below(word.size() - 1);
  std::swap(result[at], result[at + 1]);
  return result;
}

/// A config in which `key` may stand in its table, with `typo` in its place. The value does not matter: an
/// unknown key is found before anyone asks for its type.
std::string config_with(const KnownKey& key, const std::string& typo) {
  std::map<std::string, std::string> tables{{"data", "dataset = \"mnist\"\n"}, {"model", "name = \"2nn\"\n"}};
  if (!key.choice.empty()) tables[key.table] = key.selector + " = \"" + key.choice + "\"\n";
  tables[key.table] += typo + " = 1\n";
  std::string text = tables[""];
  for (const auto& [name, body] : tables)
    if (!name.empty()) text += "[" + name + "]\n" + body;
  return text;
}

bool suggested(const KnownKey& key, const std::string& typo) {
  for (const auto& one : errors_of(config_with(key, typo)))
    if (one.message.find("unknown key '" + typo + "'") == 0)
      return one.help.find("did you mean '" + key.key + "'?") == 0;
  FAIL("the typo was not found");
  return false;
}

}  // namespace

TEST_CASE("typos of keys get the right suggestion", "[experiment]") {
  const auto keys = known_keys();
  CHECK(keys.size() > 60);
  // A typo that is itself a key of that place is no typo.
  std::set<std::pair<std::string, std::string>> words;
  for (const auto& key : keys) words.emplace(key.table, key.key);
  Random random(20260101, Purpose::data);
  int tried = 0, right = 0;
  std::string missed;
  for (const auto& key : keys) {
    for (int kind = 0; kind < 4; ++kind) {
      const std::string typo = edited(key.key, kind, random);
      if (typo.empty() || typo == key.key || words.contains({key.table, typo})) continue;
      ++tried;
      if (suggested(key, typo))
        ++right;
      else
        missed += key.table + "." + key.key + " <- " + typo + "\n";
    }
  }
  INFO("not suggested:\n" << missed);
  CHECK(tried > 200);
  CHECK(right * 100 >= tried * 95);
}

TEST_CASE("typos of tables get the right suggestion", "[experiment]") {
  Random random(7, Purpose::data);
  int tried = 0, right = 0;
  for (const auto& table : known_tables()) {
    for (int kind = 0; kind < 4; ++kind) {
      const std::string typo = edited(table, kind, random);
      if (typo == table) continue;
      ++tried;
      for (const auto& one : errors_of(smallest + "[" + typo + "]\n"))
        right += one.help == "did you mean [" + table + "]?" ? 1 : 0;
    }
  }
  CHECK(tried > 35);
  CHECK(right * 100 >= tried * 95);
}
