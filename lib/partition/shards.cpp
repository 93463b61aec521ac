// shards: McMahan et al. 2017 (arXiv:1602.05629), section 3. The rows sorted by label are cut into N s
// contiguous shards, and every client gets s of them at random: about s labels each.
//
// Remainder: where N s does not divide the n rows, the first n mod (N s) shards in label order have one row
// more. Rows of one label are in random order before the cut, so a shard is not a block of the stored file.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/random.h"
#include "core/text.h"
#include "partition/split.h"

namespace fedsim {
namespace {

class Shards final : public PartitionScheme {
 public:
  struct Options {
    std::int64_t shards_per_client = 2;
    void visit(OptionVisitor& option) {
      option("shards_per_client", shards_per_client, at_least(1),
             "pieces of the label-sorted rows that a client gets");
    }
  };
  explicit Shards(Options options) : o_(options) {}

  Partition split(const PartitionInput& input) const override {
    std::vector<std::uint32_t> rows = allowed_rows(input, "shards");
    const auto samples = static_cast<std::int64_t>(rows.size());
    Random random(input.seed, Purpose::partition);
    random.shuffle(std::span(rows));
    const auto by_label = rows_by_label(*input.data, rows, "shards");
    const std::int64_t clients = client_count(input, samples, 1, "shards");
    if (o_.shards_per_client > samples / clients)
      throw OptionError{
          "shards_per_client",
          fmt::format("{} clients with {} shards each need more than the {} training samples there are",
                      with_commas(clients), with_commas(o_.shards_per_client), with_commas(samples)),
          fmt::format("at most {}", with_commas(samples / clients))};

    const std::int64_t shards = clients * o_.shards_per_client;
    std::vector<std::uint32_t> order(
        static_cast<std::size_t>(shards));  // shard order[i] goes to client i / s
    std::iota(order.begin(), order.end(), 0u);
    random.shuffle(std::span(order));
    std::vector<std::uint32_t> holder(order.size());  // [shards]
    for (std::size_t i = 0; i < order.size(); ++i)
      holder[order[i]] = static_cast<std::uint32_t>(static_cast<std::int64_t>(i) / o_.shards_per_client);

    Owners owners(input, clients);
    const std::vector<std::int64_t> sizes = equal_sizes(samples, shards);
    std::size_t shard = 0;
    std::int64_t in_shard = 0;
    for (const auto& label_rows : by_label)
      for (const std::uint32_t row : label_rows) {
        if (in_shard == sizes[shard]) ++shard, in_shard = 0;
        ++in_shard;
        owners.give(row, holder[shard]);
      }
    return owners.partition();
  }

 private:
  Options o_;
};

const Register<PartitionScheme, Shards> entry{
    "shards", "shards of the label-sorted rows, a few labels a client", "arXiv:1602.05629"};

}  // namespace
}  // namespace fedsim
