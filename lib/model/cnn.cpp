// The CNN of McMahan et al., AISTATS 2017, arXiv:1602.05629, section 3: two 5x5 convolutions (32, 64 channels), each
// with ReLU and 2x2 max pooling, and 512 units. "same" padding gives the paper's 1,663,370 parameters on 1x28x28.
#include <fmt/format.h>

#include "model/network.h"

namespace fedsim {
namespace {

struct Cnn final : ModelTemplate {
  using Options = NoOptions;
  explicit Cnn(Options) {}
  std::vector<std::string> layers(const Dataset& data) const override {
    return {"conv 32 5 same", "relu",    "maxpool 2",  "conv 64 5 same", "relu",
            "maxpool 2",      "flatten", "linear 512", "relu",           fmt::format("linear {}", data.classes)};
  }
};

const Register<ModelTemplate, Cnn> entry{"cnn", "two 5x5 convolutions and 512 units, as in the FedAvg paper",
                                         "arXiv:1602.05629"};

}  // namespace
}  // namespace fedsim
