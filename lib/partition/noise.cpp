// noise: NIID-Bench's feature skew (arXiv:2102.02079). An iid split; client i of N adds fresh N(0, s_i^2) to
// its features at every access, s_i = std * i / (N-1); the test data stay clean. As in the authors' code
// `std` is the standard deviation of the last client; the paper's text calls it a variance.
#include "core/random.h"
#include "partition/split.h"

namespace fedsim {
namespace {

class Noise final : public PartitionScheme {
 public:
  struct Options {
    double std = 0.1;
    void visit(OptionVisitor& option) {
      option("std", std, at_least(0),
             "standard deviation of the last client's noise, in units of the scaled features");
    }
  };
  explicit Noise(Options options) : o_(options) {}

  Partition split(const PartitionInput& input) const override {
    std::vector<std::uint32_t> rows = allowed_rows(input, "noise");
    const auto samples = static_cast<std::int64_t>(rows.size());
    const std::int64_t clients = client_count(input, samples, 1, "noise");
    Random random(input.seed, Purpose::partition);
    Partition result = random_split(input, std::move(rows), equal_sizes(samples, clients), random);
    for (std::int64_t i = 0; i < clients; ++i) {
      const double share = clients == 1 ? 0.0 : static_cast<double>(i) / static_cast<double>(clients - 1);
      result.noise.push_back(static_cast<float>(o_.std * share));
    }
    return result;
  }

 private:
  Options o_;
};

const Register<PartitionScheme, Noise> entry{
    "noise", "an iid split with more feature noise from client to client", "arXiv:2102.02079"};

}  // namespace
}  // namespace fedsim
