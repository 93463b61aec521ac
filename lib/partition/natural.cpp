// natural: a client is a user of the data set. Fewer clients than users: the first users; the rows of the
// others are not used. A user none of whose rows is in data.train_limit's subset is a client without samples.
#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/text.h"
#include "partition/partition.h"

namespace fedsim {
namespace {

std::vector<std::int64_t> users_of(const Dataset& data) {
  if (!data.user_offsets.empty()) return data.user_offsets;
  std::vector<std::int64_t> offsets{0};
  if (data.quadratic) {
    for (const std::int64_t samples : data.quadratic->samples) offsets.push_back(offsets.back() + samples);
    return offsets;
  }
  throw OptionError{"scheme",
                    fmt::format("'natural' needs a data set with users, and {} has none", data.name),
                    "use iid, dirichlet, shards, ..."};
}

class Natural final : public PartitionScheme {
 public:
  using Options = NoOptions;
  explicit Natural(Options) {}

  Partition split(const PartitionInput& input) const override {
    Partition result;
    result.offsets = users_of(*input.data);
    const std::int64_t users = result.clients();
    if (input.clients > users)
      throw OptionError{"clients",
                        fmt::format("must not exceed the users of {} ({}), got {}", input.data->name,
                                    with_commas(users), with_commas(input.clients)),
                        "leave it out for all of them"};
    if (input.clients > 0) result.offsets.resize(static_cast<std::size_t>(input.clients) + 1);
    if (!input.rows.empty()) restrict_to(input.rows, result);
    return result;
  }

 private:
  static void restrict_to(const std::vector<std::uint32_t>& rows, Partition& result) {
    const auto before = [&](std::int64_t row) {  // allowed rows below `row`
      return std::lower_bound(
                 rows.begin(), rows.end(), row,
                 [](std::uint32_t a, std::int64_t b) { return static_cast<std::int64_t>(a) < b; }) -
             rows.begin();
    };
    for (std::int64_t& offset : result.offsets) offset = before(offset);
    result.indices.assign(rows.begin(), rows.begin() + result.offsets.back());
    // No allowed row at all: an empty list would read as "rows offsets[k] .. offsets[k+1]", which is none as
    // well.
  }
};

const Register<PartitionScheme, Natural> entry{"natural", "by user, as the data set has them",
                                               "arXiv:1812.01097"};

}  // namespace
}  // namespace fedsim
