// Softmax regression: 784 inputs and 10 classes make 7,850 parameters.
#include <fmt/format.h>

#include "model/network.h"

namespace fedsim {
namespace {

struct Logistic final : ModelTemplate {
  using Options = NoOptions;
  explicit Logistic(Options) {}
  std::vector<std::string> layers(const Dataset& data) const override {
    return {"flatten", fmt::format("linear {}", data.classes)};
  }
};

const Register<ModelTemplate, Logistic> entry{"logistic", "softmax regression: one linear layer"};

}  // namespace
}  // namespace fedsim
