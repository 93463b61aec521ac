// The character model of McMahan et al. (arXiv:1602.05629, section 3) for Shakespeare: characters embedded in 8
// dimensions, two LSTM layers of 256 units, a softmax for the next character: at every position where the data has a
// target at every position, else after the last.
#include <fmt/format.h>

#include "model/network.h"

namespace fedsim {
namespace {

struct CharLstm final : ModelTemplate {
  struct Options {
    std::int64_t embedding = 8, hidden = 256, lstm_layers = 2;
    void visit(OptionVisitor& option) {
      option("embedding", embedding, between(1, 4096), "dimensions of a character");
      option("hidden", hidden, between(1, 8192), "units of an LSTM layer");
      option("lstm_layers", lstm_layers, between(1, 16), "LSTM layers");
    }
  };
  explicit CharLstm(Options options) : options_(options) {}

  std::vector<std::string> layers(const Dataset& data) const override {
    std::vector<std::string> list{fmt::format("embedding {}", options_.embedding),
                                  fmt::format("lstm {} {}", options_.hidden, options_.lstm_layers)};
    if (data.targets == 1) list.push_back("last");
    list.push_back(fmt::format("linear {}", data.classes));
    return list;
  }

 private:
  Options options_;
};

const Register<ModelTemplate, CharLstm> entry{"char-lstm", "character embedding and a two-layer LSTM, for text",
                                              "arXiv:1602.05629"};

}  // namespace
}  // namespace fedsim
