// Stack Overflow in TensorFlow Federated's files: /examples/<user>/tokens [n], sentences of words with spaces
// between. The next word is predicted at every position, as in Reddi et al. 2021, arXiv:2003.00295.
//
// As TFF's baseline task prepares it: <bos>, the first 20 words, and <eos> where there are fewer than 20;
// padded to 21. Ids: 0 padding, 1 to k the most frequent words, k+1 others, k+2 <bos>, k+3 <eos>.
#include <algorithm>
#include <unordered_map>

#include "data/tff.h"
#include "data/where.h"
#include "data/word_count.h"

namespace fedsim {
namespace {

using Ids = std::unordered_map<std::string, std::int32_t>;

std::vector<std::int32_t> tokens_of(std::string_view sentence, const Ids& ids, std::int32_t words,
                                    std::size_t length) {
  const std::int32_t other = words + 1, begin = words + 2, end = words + 3;
  std::vector<std::int32_t> tokens{begin};
  while (!sentence.empty() && tokens.size() <= length) {
    const auto word = sentence.substr(0, sentence.find(' '));
    sentence.remove_prefix(std::min(word.size() + 1, sentence.size()));
    if (word.empty()) continue;
    const auto found = ids.find(std::string(word));
    tokens.push_back(found == ids.end() ? other : found->second);
  }
  if (tokens.size() <= length) tokens.push_back(end);
  return tokens;
}

class StackOverflow final : public DataSource {
 public:
  struct Options {
    std::int64_t words = 10000, sequence_length = 20, max_users = 0;
    void visit(OptionVisitor& option) {
      option("words", words, between(1, 1 << 24), "most frequent words in the vocabulary");
      option("sequence_length", sequence_length, between(1, 1 << 16), "words of a sample");
      option("max_users", max_users, at_least(0),
             "the first users only; 0: all (a sample takes 8 bytes a word)");
    }
  };
  explicit StackOverflow(Options options) : options_(options) {}

  Dataset load(const DataContext& context) const override {
    const TffFiles files{find_dataset(context, "stackoverflow", {"stackoverflow_train.h5"}),
                         "stackoverflow_train.h5", "stackoverflow_test.h5"};
    const auto words = static_cast<std::int32_t>(options_.words);
    Ids ids;
    for (auto& word : most_frequent_words(plain_or_gzip(files.folder, "stackoverflow.word_count"),
                                          static_cast<std::size_t>(options_.words)))
      ids.emplace(std::move(word), static_cast<std::int32_t>(ids.size()) + 1);
    Parts parts;
    parts.name = "stackoverflow";
    parts.shape = {options_.sequence_length};
    parts.targets = options_.sequence_length;
    parts.classes = parts.vocabulary = options_.words + 4;
    const auto length = static_cast<std::size_t>(options_.sequence_length);
    const auto read = [&](const hdf5::Group& user, Part& part) {
      for (const auto& sentence : user.dataset("tokens").read_text())
        add_sequence(tokens_of(sentence, ids, words, length), length, part);
    };
    read_tff(files, options_.max_users, read, parts);
    return assemble(std::move(parts), context);
  }

 private:
  Options options_;
};

const Register<DataSource, StackOverflow> entry{
    "stackoverflow", "next word in posts by user, 342,477 users (TFF)", "arXiv:2003.00295"};

}  // namespace
}  // namespace fedsim
