// Fashion-MNIST, Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747. 60,000 + 10,000 grey images of clothing.
#include "data/idx.h"

namespace fedsim {
namespace {

class FashionMnist final : public DataSource {
 public:
  using Options = NoOptions;
  explicit FashionMnist(Options) {}
  Dataset load(const DataContext& context) const override { return load_idx(context, "fashion-mnist", 10); }
};

const Register<DataSource, FashionMnist> entry{"fashion-mnist", "70,000 images 28x28 of clothing, 10 classes",
                                               "arXiv:1708.07747"};

}  // namespace
}  // namespace fedsim
