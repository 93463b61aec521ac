// ResNet-18 (He et al., CVPR 2016, arXiv:1512.03385) for small images, with group norm in place of batch norm as in
// Hsieh et al., ICML 2020 (arXiv:1910.00189) and Reddi et al., ICLR 2021 (arXiv:2003.00295): a 3x3 stem without
// pooling, four stages of two basic blocks, strides 1, 2, 2, 2. 3x32x32 and 10 classes make 11,173,962 parameters.
#include <fmt/format.h>

#include "model/network.h"

namespace fedsim {
namespace {

struct ResNet18 final : ModelTemplate {
  struct Options {
    std::int64_t groups = 2;
    void visit(OptionVisitor& option) {
      option("groups", groups, between(1, 64), "groups of every group norm; must divide 64");
    }
  };
  explicit ResNet18(Options options) : options_(options) {}

  std::vector<std::string> layers(const Dataset& data) const override {
    const auto norm = fmt::format("groupnorm {}", options_.groups);
    std::vector<std::string> list{"conv 64 3 same nobias", norm, "relu"};
    for (int stage = 0, channels = 64; stage < 4; ++stage, channels *= 2)
      for (int block = 0; block < 2; ++block) {
        const bool halves = stage > 0 && block == 0;
        list.push_back(fmt::format("residual(conv {0} 3 stride={1} pad=1 nobias, {2}, relu, conv {0} 3 same nobias, {2}{3})",
                                   channels, halves ? 2 : 1, norm,
                                   halves ? fmt::format(" | conv {} 1 stride=2 nobias, {}", channels, norm) : ""));
        list.push_back("relu");
      }
    list.push_back("globalpool");
    list.push_back(fmt::format("linear {}", data.classes));
    return list;
  }

 private:
  Options options_;
};

const Register<ModelTemplate, ResNet18> entry{"resnet18-gn", "ResNet-18 with group norm, for 32x32 images",
                                              "arXiv:2003.00295"};

}  // namespace
}  // namespace fedsim
