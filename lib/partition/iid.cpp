// iid: a random split in equal parts. The first n mod N clients have one sample more.
#include "core/random.h"
#include "partition/split.h"

namespace fedsim {
namespace {

class Iid final : public PartitionScheme {
 public:
  using Options = NoOptions;
  explicit Iid(Options) {}

  Partition split(const PartitionInput& input) const override {
    std::vector<std::uint32_t> rows = allowed_rows(input, "iid");
    const auto n = static_cast<std::int64_t>(rows.size());
    const std::int64_t clients = client_count(input, n, 1, "iid");
    Random random(input.seed, Purpose::partition);
    return random_split(input, std::move(rows), equal_sizes(n, clients), random);
  }
};

const Register<PartitionScheme, Iid> entry{"iid", "a random split in equal parts", "arXiv:1602.05629"};

}  // namespace
}  // namespace fedsim
