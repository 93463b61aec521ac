// dirichlet: skewed labels. Small alpha: few labels a client; large alpha: iid.
//
// per = "class" (Yurochkin et al. 2019, arXiv:1905.12022; NIID-Bench, arXiv:2102.02079): for each class c
//   p_c ~ Dir(alpha 1_N), and client k gets the share p_ck of the class's samples; sizes differ.
//   balance = true: entries of clients that already hold >= n/N samples are zeroed and the rest renormalised.
// per = "client" (Hsu et al. 2019, arXiv:1909.06335): client k draws its class mix
//   q_k ~ Dir(alpha prior), prior = the class frequencies, and its n/N samples from q_k, without replacement;
//   a class that has run out is left out and the rest renormalised. Clients draw in order of their number.
//
// The papers' codes redraw until every client has 10 samples. Here the draw stands and rows move from the
// largest clients to those below min_samples: no loop that can hang, and the same mix for the clients that do
// not give.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/random.h"
#include "partition/split.h"

namespace fedsim {
namespace {

constexpr double nothing = -std::numeric_limits<double>::infinity();
using ByLabel = std::vector<std::vector<std::uint32_t>>;

Partition per_class(const PartitionInput& input, const ByLabel& by_label, std::int64_t samples,
                    std::int64_t clients, double alpha, bool balance, Random& random) {
  Owners owners(input, clients);
  std::vector<std::int64_t> held(static_cast<std::size_t>(clients), 0);
  std::vector<double> log_p(held.size());  // [N], up to a constant
  for (const auto& rows : by_label) {
    for (std::size_t k = 0; k < held.size(); ++k) {
      log_p[k] = random.log_gamma_variate(alpha);
      // held >= n/N. Never true of all clients here: then all samples would have been given.
      if (balance && held[k] * clients >= samples) log_p[k] = nothing;
    }
    if (rows.empty()) continue;
    const std::vector<std::int64_t> sizes = apportion(log_p, static_cast<std::int64_t>(rows.size()));
    owners.deal(rows, sizes);
    for (std::size_t k = 0; k < held.size(); ++k) held[k] += sizes[k];
  }
  return owners.partition();
}

/// One client's class mix, restricted to the classes that have rows left.
class Mix {
 public:
  Mix(std::span<const double> prior, double alpha, Random& random) : log_q_(prior.size(), nothing) {
    for (std::size_t c = 0; c < prior.size(); ++c)
      if (prior[c] > 0) log_q_[c] = random.log_gamma_variate(alpha * prior[c]);
  }
  void renormalise(const ByLabel& left) {
    double largest = nothing;
    for (std::size_t c = 0; c < left.size(); ++c)
      if (!left[c].empty()) largest = std::max(largest, log_q_[c]);
    cumulative_.clear();
    double sum = 0;
    for (std::size_t c = 0; c < left.size(); ++c)
      cumulative_.push_back(sum += left[c].empty() ? 0.0 : std::exp(log_q_[c] - largest));
  }
  std::size_t draw(Random& random) const {
    const double u = random.uniform() * cumulative_.back();
    const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), u);
    // u < the last sum but for rounding; then the last class of positive weight.
    const auto last = std::lower_bound(cumulative_.begin(), cumulative_.end(), cumulative_.back());
    return static_cast<std::size_t>(std::min(found, last) - cumulative_.begin());
  }

 private:
  std::vector<double> log_q_;       // [C]
  std::vector<double> cumulative_;  // [C]
};

Partition per_client(const PartitionInput& input, ByLabel left, std::int64_t samples, std::int64_t clients,
                     double alpha, Random& random) {
  std::vector<double> prior;  // [C]
  for (const auto& rows : left)
    prior.push_back(static_cast<double>(rows.size()) / static_cast<double>(samples));
  const std::vector<std::int64_t> sizes = equal_sizes(samples, clients);
  Owners owners(input, clients);
  for (std::int64_t k = 0; k < clients; ++k) {
    Mix mix(prior, alpha, random);
    mix.renormalise(left);
    for (std::int64_t i = 0; i < sizes[static_cast<std::size_t>(k)]; ++i) {
      auto& rows = left[mix.draw(random)];
      owners.give(rows.back(), k);
      rows.pop_back();
      if (rows.empty()) mix.renormalise(left);
    }
  }
  return owners.partition();
}

class Dirichlet final : public PartitionScheme {
 public:
  struct Options {
    double alpha = 0.5;
    std::string per = "class";
    bool balance = false;
    std::int64_t min_samples = 1;
    void visit(OptionVisitor& option) {
      option("alpha", alpha, above(0), "concentration; small: few labels a client");
      option("per", per, {"class", "client"},
             "class: shares of each class; client: a class mix each, equal sizes");
      option("balance", balance, "per = \"class\": none of a class to clients that already hold n/N samples");
      option("min_samples", min_samples, at_least(0), "smallest client; taken from the largest ones");
    }
  };
  explicit Dirichlet(Options options) : o_(std::move(options)) {}

  Partition split(const PartitionInput& input) const override {
    std::vector<std::uint32_t> rows = allowed_rows(input, "dirichlet");
    const auto samples = static_cast<std::int64_t>(rows.size());
    Random random(input.seed, Purpose::partition);
    random.shuffle(std::span(rows));
    ByLabel by_label = rows_by_label(*input.data, rows, "dirichlet");
    const std::int64_t clients = client_count(input, samples, o_.min_samples, "dirichlet");
    if (o_.per == "client")  // equal sizes: nothing to repair
      return per_client(input, std::move(by_label), samples, clients, o_.alpha, random);
    return repaired(per_class(input, by_label, samples, clients, o_.alpha, o_.balance, random),
                    o_.min_samples, random);
  }

 private:
  Options o_;
};

const Register<PartitionScheme, Dirichlet> entry{
    "dirichlet", "label skew from a Dirichlet distribution, per class or per client", "arXiv:2102.02079"};

}  // namespace
}  // namespace fedsim
