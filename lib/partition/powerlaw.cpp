// powerlaw: the r-th largest client has a size in proportion to r^-exponent (Zipf), r = 1..N, rows at random.
// Which client has which rank is drawn, so that a client's number says nothing of its size.
#include <cmath>
#include <numeric>

#include "core/random.h"
#include "partition/split.h"

namespace fedsim {
namespace {

class PowerLaw final : public PartitionScheme {
 public:
  struct Options {
    double exponent = 1.0;
    std::int64_t min_samples = 1;
    void visit(OptionVisitor& option) {
      option("exponent", exponent, at_least(0), "of the rank; 0: equal sizes");
      option("min_samples", min_samples, at_least(0), "smallest client; taken from the largest ones");
    }
  };
  explicit PowerLaw(Options options) : o_(options) {}

  Partition split(const PartitionInput& input) const override {
    std::vector<std::uint32_t> rows = allowed_rows(input, "powerlaw");
    const auto samples = static_cast<std::int64_t>(rows.size());
    Random random(input.seed, Purpose::partition);
    std::vector<double> log_size(
        static_cast<std::size_t>(client_count(input, samples, o_.min_samples, "powerlaw")));
    for (std::size_t i = 0; i < log_size.size(); ++i)
      log_size[i] = -o_.exponent * std::log(static_cast<double>(i + 1));
    random.shuffle(std::span(log_size));
    return random_split(input, std::move(rows), raised_to(apportion(log_size, samples), o_.min_samples),
                        random);
  }

 private:
  Options o_;
};

const Register<PartitionScheme, PowerLaw> entry{"powerlaw",
                                                "sizes by a power of the rank (Zipf), labels iid"};

}  // namespace
}  // namespace fedsim
