// The 2NN of McMahan et al., AISTATS 2017, arXiv:1602.05629, section 3: two hidden layers of 200 units with ReLU.
// 784 inputs and 10 classes make 199,210 parameters.
#include <fmt/format.h>

#include "model/network.h"

namespace fedsim {
namespace {

struct TwoLayers final : ModelTemplate {
  using Options = NoOptions;
  explicit TwoLayers(Options) {}
  std::vector<std::string> layers(const Dataset& data) const override {
    return {"flatten", "linear 200", "relu", "linear 200", "relu", fmt::format("linear {}", data.classes)};
  }
};

const Register<ModelTemplate, TwoLayers> entry{"2nn", "two hidden layers of 200 units, ReLU", "arXiv:1602.05629"};

}  // namespace
}  // namespace fedsim
