// classes: NIID-Bench's "#C = k" (Li et al. 2022, arXiv:2102.02079). Client i holds label i mod C and k-1
// others drawn at random; the rows of a label, in random order, are split equally over its holders (the first
// ones of a remainder have one more).
//
// As in NIID-Bench, the rows of a label that nobody drew are not used; that can happen only with fewer
// clients than labels. Every other scheme uses every row.
#include <fmt/format.h>

#include <numeric>

#include "core/error.h"
#include "core/random.h"
#include "partition/split.h"

namespace fedsim {
namespace {

/// [C] lists of clients, ascending.
std::vector<std::vector<std::uint32_t>> draw_holders(std::int64_t clients, std::size_t classes,
                                                     std::int64_t k, Random& random) {
  std::vector<std::vector<std::uint32_t>> holders(classes);
  std::vector<std::size_t> others(classes);
  for (std::int64_t client = 0; client < clients; ++client) {
    const std::size_t own = static_cast<std::size_t>(client) % classes;
    holders[own].push_back(static_cast<std::uint32_t>(client));
    std::iota(others.begin(), others.end(), std::size_t{0});
    std::swap(others[own], others.back());
    for (std::size_t j = 0; j + 1 < static_cast<std::size_t>(k);
         ++j) {  // partial Fisher-Yates over the C-1 others
      std::swap(others[j], others[j + random.below(classes - 1 - j)]);
      holders[others[j]].push_back(static_cast<std::uint32_t>(client));
    }
  }
  return holders;
}

class Classes final : public PartitionScheme {
 public:
  struct Options {
    std::int64_t classes_per_client = 2;
    void visit(OptionVisitor& option) {
      option("classes_per_client", classes_per_client, at_least(1), "labels a client holds");
    }
  };
  explicit Classes(Options options) : o_(options) {}

  Partition split(const PartitionInput& input) const override {
    std::vector<std::uint32_t> rows = allowed_rows(input, "classes");
    Random random(input.seed, Purpose::partition);
    random.shuffle(std::span(rows));
    const auto by_label = rows_by_label(*input.data, rows, "classes");
    const std::int64_t clients = client_count(input, static_cast<std::int64_t>(rows.size()), 1, "classes");
    if (o_.classes_per_client > input.data->classes)
      throw OptionError{"classes_per_client",
                        fmt::format("must be at most the number of classes ({}), got {}", input.data->classes,
                                    o_.classes_per_client),
                        ""};
    const auto holders = draw_holders(clients, by_label.size(), o_.classes_per_client, random);
    Owners owners(input, clients);
    for (std::size_t c = 0; c < by_label.size(); ++c) {
      if (holders[c].empty()) continue;
      const auto sizes = equal_sizes(static_cast<std::int64_t>(by_label[c].size()),
                                     static_cast<std::int64_t>(holders[c].size()));
      auto row = by_label[c].begin();
      for (std::size_t h = 0; h < sizes.size(); ++h)
        for (std::int64_t i = 0; i < sizes[h]; ++i) owners.give(*row++, holders[c][h]);
    }
    Partition result = owners.partition();
    refuse_empty(result, by_label);
    return result;
  }

 private:
  /// Moving rows to an empty client would give it labels that it does not hold.
  void refuse_empty(const Partition& partition,
                    const std::vector<std::vector<std::uint32_t>>& by_label) const {
    for (std::int64_t k = 0; k < partition.clients(); ++k) {
      if (partition.size(k) > 0) continue;
      const std::size_t label = static_cast<std::size_t>(k) % by_label.size();
      throw OptionError{
          "clients",
          fmt::format("client {} of {} would have no sample: its labels, {} among them ({} samples), "
                      "are used up by the clients before it",
                      k, partition.clients(), label, by_label[label].size()),
          "fewer clients, or more classes_per_client"};
    }
  }
  Options o_;
};

const Register<PartitionScheme, Classes> entry{
    "classes", "a fixed number of labels a client (NIID-Bench's #C=k)", "arXiv:2102.02079"};

}  // namespace
}  // namespace fedsim
