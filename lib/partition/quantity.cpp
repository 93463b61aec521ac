// quantity: NIID-Bench's quantity skew (arXiv:2102.02079): sizes in proportion to p ~ Dir(alpha 1_N), rows at
// random. NIID-Bench redraws until every client has 10; here min_samples is met by taking from the largest
// clients.
#include "core/random.h"
#include "partition/split.h"

namespace fedsim {
namespace {

class Quantity final : public PartitionScheme {
 public:
  struct Options {
    double alpha = 0.5;
    std::int64_t min_samples = 1;
    void visit(OptionVisitor& option) {
      option("alpha", alpha, above(0), "concentration; small: very unequal sizes");
      option("min_samples", min_samples, at_least(0), "smallest client; taken from the largest ones");
    }
  };
  explicit Quantity(Options options) : o_(options) {}

  Partition split(const PartitionInput& input) const override {
    std::vector<std::uint32_t> rows = allowed_rows(input, "quantity");
    const auto samples = static_cast<std::int64_t>(rows.size());
    Random random(input.seed, Purpose::partition);
    std::vector<double> log_p(
        static_cast<std::size_t>(client_count(input, samples, o_.min_samples, "quantity")));
    for (double& p : log_p) p = random.log_gamma_variate(o_.alpha);
    return random_split(input, std::move(rows), raised_to(apportion(log_p, samples), o_.min_samples), random);
  }

 private:
  Options o_;
};

const Register<PartitionScheme, Quantity> entry{
    "quantity", "unequal sizes from a Dirichlet distribution, labels iid", "arXiv:2102.02079"};

}  // namespace
}  // namespace fedsim
