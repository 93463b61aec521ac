// file: index lists that somebody else made, so that two programs can train on the same split. Formats:
// index_file.h. Rows that no client has are not used; a row that two clients have, or that does not exist, is
// an error.
#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "partition/index_file.h"
#include "partition/split.h"

namespace fedsim {
namespace {

class FromFile final : public PartitionScheme {
 public:
  struct Options {
    Path file;
    void visit(OptionVisitor& option) {
      option("file", file,
             "index lists: HDF5 with /partition, JSON [[0, 2], [1]], or text, one client a line");
    }
  };
  explicit FromFile(Options options) : o_(std::move(options)) {}

  Partition split(const PartitionInput& input) const override {
    if (o_.file.empty())
      throw OptionError{"file", "scheme 'file' needs a file of index lists", "file = \"split.h5\""};
    std::vector<char> allowed(static_cast<std::size_t>(stored_rows(*input.data)), 0);
    for (const std::uint32_t row : allowed_rows(input, "file")) allowed[row] = 1;
    const IndexLists lists = read_index_lists(o_.file.text);
    const auto clients = static_cast<std::int64_t>(lists.offsets.size()) - 1;
    if (input.clients > 0 && input.clients != clients)
      throw OptionError{"clients",
                        fmt::format("{} has {} clients, got {}", o_.file.text, with_commas(clients),
                                    with_commas(input.clients)),
                        "leave it out"};

    Partition result;
    result.offsets = lists.offsets;
    result.indices.reserve(lists.indices.size());
    for (std::int64_t k = 0; k < clients; ++k)
      for (auto i = lists.offsets[static_cast<std::size_t>(k)];
           i < lists.offsets[static_cast<std::size_t>(k) + 1]; ++i)
        result.indices.push_back(take(allowed, lists.indices[static_cast<std::size_t>(i)], k, input));
    return result;
  }

 private:
  /// The row as an index; marks it as taken.
  std::uint32_t take(std::vector<char>& allowed, std::int64_t row, std::int64_t client,
                     const PartitionInput& input) const {
    constexpr char taken = 2;
    if (row < 0 || row >= static_cast<std::int64_t>(allowed.size()))
      throw DataError(fmt::format("{}: client {} has row {}, but the training set of {} has rows 0 to {}",
                                  o_.file.text, client, row, input.data->name,
                                  static_cast<std::int64_t>(allowed.size()) - 1));
    char& state = allowed[static_cast<std::size_t>(row)];
    if (state == taken)
      throw DataError(
          fmt::format("{}: row {} is there twice, the second time at client {}", o_.file.text, row, client));
    if (state == 0)
      throw DataError(
          fmt::format("{}: client {} has row {}, which is not in the subset of data.train_limit; leave "
                      "train_limit out",
                      o_.file.text, client, row));
    state = taken;
    return static_cast<std::uint32_t>(row);
  }
  Options o_;
};

const Register<PartitionScheme, FromFile> entry{"file", "index lists from a file: HDF5, JSON or text"};

}  // namespace
}  // namespace fedsim
