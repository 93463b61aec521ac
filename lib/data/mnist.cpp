// MNIST, LeCun, Bottou, Bengio and Haffner, Proc. IEEE 1998. 60,000 + 10,000 grey images of digits.
#include "data/idx.h"

namespace fedsim {
namespace {

class Mnist final : public DataSource {
 public:
  using Options = NoOptions;
  explicit Mnist(Options) {}
  Dataset load(const DataContext& context) const override { return load_idx(context, "mnist", 10); }
};

const Register<DataSource, Mnist> entry{"mnist", "70,000 images 28x28 of handwritten digits, 10 classes",
                                        "doi:10.1109/5.726791"};

}  // namespace
}  // namespace fedsim
