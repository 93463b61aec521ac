// lognormal: sizes in proportion to exp(sigma z_k), z_k ~ N(0, 1), rows at random. The mean of the logarithm
// cancels, because the sizes are scaled to the number of samples. FedProx's and Ditto's data have sigma = 2
// and 1 (arXiv:1812.06127, arXiv:2012.04221).
#include "core/random.h"
#include "partition/split.h"

namespace fedsim {
namespace {

class Lognormal final : public PartitionScheme {
 public:
  struct Options {
    double sigma = 1.0;
    std::int64_t min_samples = 1;
    void visit(OptionVisitor& option) {
      option("sigma", sigma, at_least(0), "standard deviation of the logarithm of a client's size");
      option("min_samples", min_samples, at_least(0), "smallest client; taken from the largest ones");
    }
  };
  explicit Lognormal(Options options) : o_(options) {}

  Partition split(const PartitionInput& input) const override {
    std::vector<std::uint32_t> rows = allowed_rows(input, "lognormal");
    const auto samples = static_cast<std::int64_t>(rows.size());
    Random random(input.seed, Purpose::partition);
    std::vector<double> log_size(
        static_cast<std::size_t>(client_count(input, samples, o_.min_samples, "lognormal")));
    for (double& size : log_size) size = o_.sigma * random.normal();
    return random_split(input, std::move(rows), raised_to(apportion(log_size, samples), o_.min_samples),
                        random);
  }

 private:
  Options o_;
};

const Register<PartitionScheme, Lognormal> entry{"lognormal", "log-normal sizes, labels iid",
                                                 "arXiv:1812.06127"};

}  // namespace
}  // namespace fedsim
