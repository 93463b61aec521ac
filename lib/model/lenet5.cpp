// LeNet-5 as in NIID-Bench (Li et al., ICDE 2022, arXiv:2102.02079): no padding, ReLU, max pooling.
// 1x28x28 and 10 classes make 44,426 parameters, 3x32x32 62,006.
#include <fmt/format.h>

#include "model/network.h"

namespace fedsim {
namespace {

struct LeNet5 final : ModelTemplate {
  using Options = NoOptions;
  explicit LeNet5(Options) {}
  std::vector<std::string> layers(const Dataset& data) const override {
    return {"conv 6 5", "relu",       "maxpool 2", "conv 16 5", "relu", "maxpool 2",
            "flatten",  "linear 120", "relu",      "linear 84", "relu", fmt::format("linear {}", data.classes)};
  }
};

const Register<ModelTemplate, LeNet5> entry{"lenet5", "LeNet-5 with ReLU and max pooling, as in NIID-Bench",
                                            "arXiv:2102.02079"};

}  // namespace
}  // namespace fedsim
