// Shakespeare, McMahan et al. 2017, arXiv:1602.05629, in TensorFlow Federated's files:
// /examples/<role>/snippets [n], lines of text. The next character is predicted at every position.
//
// As TFF's baseline task prepares it: a snippet is <bos>, its bytes, <eos>, cut into pieces of 81, the last
// padded; piece[0..80) is the input and piece[1..81) the target. Ids: 0 padding, 1 to 86 the characters
// below, 87 others, 88 <bos>, 89 <eos>.
#include <algorithm>

#include "data/tff.h"
#include "data/where.h"

namespace fedsim {
namespace {

constexpr std::string_view characters =
    "dhlptx@DHLPTX $(,048cgkoswCGKOSW[_#'/37;?bfjnrvzBFJNRVZ\"&*.26:\naeimquyAEIMQUY]!%)-159\r";
constexpr std::int32_t other = static_cast<std::int32_t>(characters.size()) + 1, begin = other + 1,
                       end = other + 2;
static_assert(characters.size() == 86);

class Shakespeare final : public DataSource {
 public:
  struct Options {
    std::int64_t sequence_length = 80, max_users = 0;
    void visit(OptionVisitor& option) {
      option("sequence_length", sequence_length, between(1, 1 << 16), "characters of a sample");
      option("max_users", max_users, at_least(0), "the first users only; 0: all");
    }
  };
  explicit Shakespeare(Options options) : options_(options) {}

  Dataset load(const DataContext& context) const override {
    const TffFiles files{find_dataset(context, "shakespeare", {"shakespeare_train.h5"}),
                         "shakespeare_train.h5", "shakespeare_test.h5"};
    Parts parts;
    parts.name = "shakespeare";
    parts.shape = {options_.sequence_length};
    parts.targets = options_.sequence_length;
    parts.classes = parts.vocabulary = end + 1;
    const auto length = static_cast<std::size_t>(options_.sequence_length);
    const auto read = [&](const hdf5::Group& role, Part& part) {
      for (const auto& snippet : role.dataset("snippets").read_text()) {
        std::vector<std::int32_t> tokens{begin};
        for (const char character : snippet) {
          const auto found = characters.find(character);
          tokens.push_back(found == std::string_view::npos ? other : static_cast<std::int32_t>(found) + 1);
        }
        tokens.push_back(end);
        for (std::size_t first = 0; first < tokens.size(); first += length + 1)
          add_sequence(std::span(tokens).subspan(first, std::min(length + 1, tokens.size() - first)), length,
                       part);
      }
    };
    read_tff(files, options_.max_users, read, parts);
    return assemble(std::move(parts), context);
  }

 private:
  Options options_;
};

const Register<DataSource, Shakespeare> entry{
    "shakespeare", "next character in plays by role, 715 users (TFF)", "arXiv:1602.05629"};

}  // namespace
}  // namespace fedsim
