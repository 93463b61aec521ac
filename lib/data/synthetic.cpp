// Synthetic(alpha, beta) of FedProx, Li et al., MLSys 2020, arXiv:1812.06127, section 5.1, as its code makes
// it.
//
//   u_k ~ N(0, alpha^2), W_k, b_k ~ N(u_k, 1) each entry     alpha, beta are standard deviations, as in the
//   code B_k ~ N(0, beta^2), v_k ~ N(B_k, 1) [d] x ~ N(v_k, diag(j^-1.2)) [d], y = argmax(x W_k + b_k)    n_k
//   = floor(lognormal(4, 2)) + 50 iid = true: one W, b ~ N(0, 1) for all, v_k = 0
//
// Nothing is stored but the users' sizes: sample i of user k is drawn from its own place of k's stream
// whenever it is asked for, so a million users of millions of samples cost 8 bytes each.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/random.h"
#include "data/dataset.h"

namespace fedsim {
namespace {

struct SyntheticOptions {
  double alpha = 1, beta = 1;
  bool iid = false;
  std::int64_t features = 60, classes = 10, test_users = 200;
  std::optional<std::int64_t> samples_per_client;
  void visit(OptionVisitor& option) {
    option("alpha", alpha, at_least(0), "deviation between users' models");
    option("beta", beta, at_least(0), "deviation between users' inputs");
    option("iid", iid, "one model and one input distribution for all users (alpha and beta play no part)");
    option("features", features, between(1, 1 << 20), "inputs of a sample");
    option("classes", classes, between(2, 1 << 16), "classes");
    option("samples_per_client", samples_per_client, between(1, 4294967295.0),
           "samples of each user; without it lognormal(4, 2) + 50 as in the paper");
    option("test_users", test_users, at_least(1), "the test set is what the first users hold out");
  }
};

/// Sub-streams of Purpose::data, in the place of the round.
enum Stream : std::uint64_t { user_stream = 0, size_stream = 1, sample_stream = 2 };

/// One user's distribution.
struct User {
  std::vector<double> weights;  // [d, C]
  std::vector<double> bias;     // [C]
  std::vector<double> mean;     // [d]
};

/// Pure functions of (seed, options, user, sample).
class Generator {
 public:
  Generator(std::uint64_t seed, const SyntheticOptions& options)
      : seed_(seed),
        options_(options),
        features_(static_cast<std::size_t>(options.features)),
        classes_(static_cast<std::size_t>(options.classes)),
        deviation_(features_) {
    for (std::size_t j = 0; j < features_; ++j)
      deviation_[j] = std::sqrt(std::pow(static_cast<double>(j + 1), -1.2));
  }

  std::size_t features() const { return features_; }

  /// n_k, training and held out.
  std::int64_t size(std::int64_t user) const {
    if (options_.samples_per_client) return *options_.samples_per_client;
    Random random(seed_, Purpose::data, size_stream, static_cast<std::uint64_t>(user));
    return static_cast<std::int64_t>(std::exp(4.0 + 2.0 * random.normal())) + 50;
  }

  void fill(std::int64_t index, User& user) const {
    Random random(seed_, Purpose::data, user_stream, options_.iid ? 0 : static_cast<std::uint64_t>(index));
    const double model_mean = options_.iid ? 0 : options_.alpha * random.normal();
    const double input_mean = options_.iid ? 0 : options_.beta * random.normal();
    user.weights.resize(features_ * classes_);
    user.bias.resize(classes_);
    user.mean.assign(features_, 0.0);
    for (auto& value : user.weights) value = model_mean + random.normal();
    for (auto& value : user.bias) value = model_mean + random.normal();
    if (options_.iid) return;
    for (auto& value : user.mean) value = input_mean + random.normal();
  }

  /// x: [d] scratch, y returned.
  std::int32_t draw(std::int64_t index, const User& user, std::int64_t sample, std::span<double> x,
                    std::vector<double>& scores) const {
    const std::uint64_t words = 4 * ((features_ + 1) / 2);  // a pair of normals takes one block of four words
    Random random({.seed = seed_,
                   .purpose = Purpose::data,
                   .round = sample_stream,
                   .client = static_cast<std::uint64_t>(index),
                   .word = words * static_cast<std::uint64_t>(sample)});
    scores.assign(user.bias.begin(), user.bias.end());
    for (std::size_t j = 0; j < features_; ++j) {
      x[j] = user.mean[j] + deviation_[j] * random.normal();
      const double* row = user.weights.data() + j * classes_;
      for (std::size_t c = 0; c < classes_; ++c) scores[c] += x[j] * row[c];
    }
    return static_cast<std::int32_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
  }

 private:
  std::uint64_t seed_;
  SyntheticOptions options_;
  std::size_t features_, classes_;
  std::vector<double> deviation_;  // [d] square roots of j^-1.2
};

/// Rows of consecutive users: user u has rows [offsets[u], offsets[u+1]), its samples from first_of(u) on.
class GeneratedSamples final : public Samples {
 public:
  enum class Half { train, test };
  GeneratedSamples(std::shared_ptr<const Generator> generator, std::vector<std::int64_t> offsets, Half half)
      : generator_(std::move(generator)), offsets_(std::move(offsets)), half_(half), id_(++ids) {}

  std::int64_t size() const override { return offsets_.back(); }
  void gather(std::span<const std::int64_t> rows, float* x, std::int32_t* y) const override {
    gather_as(rows, x, y);
  }
  void gather(std::span<const std::int64_t> rows, double* x, std::int32_t* y) const override {
    gather_as(rows, x, y);
  }

 private:
  /// The user that this thread drew from last: batches of a client follow each other, and its model costs
  /// more than a sample. Only a cache: what is drawn never depends on it.
  struct Last {
    std::uint64_t owner = 0;
    std::int64_t user = -1;
    User distribution;
    std::vector<double> x, scores;
  };

  template <class T>
  void gather_as(std::span<const std::int64_t> rows, T* x, std::int32_t* y) const {
    thread_local Last last;
    last.x.resize(generator_->features());
    for (const auto row : rows) {
      const auto user = std::upper_bound(offsets_.begin(), offsets_.end(), row) - offsets_.begin() - 1;
      if (last.owner != id_ || last.user != user) {
        generator_->fill(user, last.distribution);
        last.owner = id_;
        last.user = user;
      }
      const auto within = row - offsets_[static_cast<std::size_t>(user)];
      *y++ = generator_->draw(user, last.distribution, first_of(user) + within, last.x, last.scores);
      x = std::transform(last.x.begin(), last.x.end(), x, [](double value) { return static_cast<T>(value); });
    }
  }

  /// The held-out samples are the user's last floor(n/10).
  std::int64_t first_of(std::int64_t user) const {
    if (half_ == Half::train) return 0;
    const auto n = generator_->size(user);
    return n - n / 10;
  }

  static inline std::atomic<std::uint64_t> ids{0};
  std::shared_ptr<const Generator> generator_;
  std::vector<std::int64_t> offsets_;  // [users + 1]
  Half half_;
  std::uint64_t id_;  // of this object, for the threads' caches
};

class Synthetic final : public DataSource {
 public:
  using Options = SyntheticOptions;
  explicit Synthetic(Options options) : options_(options) {}

  Dataset load(const DataContext& context) const override {
    if (context.clients < 1)
      throw OptionError{"clients",
                        "dataset 'synthetic' makes one user a client, and the number is not written",
                        "set partition.clients, as in clients = 30 with scheme = \"natural\""};
    if (context.clients > std::numeric_limits<std::int32_t>::max())
      throw OptionError{
          "clients", fmt::format("{} users, at most 2147483647 have streams of their own", context.clients),
          "take fewer partition.clients"};
    if (context.scale == "standard")
      throw OptionError{"scale",
                        "\"standard\" needs stored samples; dataset 'synthetic' makes them when drawn",
                        "leave scale out"};
    const auto generator = std::make_shared<const Generator>(context.seed, options_);
    Dataset data;
    std::vector<std::int64_t> test{0};
    data.user_offsets.reserve(static_cast<std::size_t>(context.clients) + 1);
    data.user_offsets.push_back(0);
    for (std::int64_t user = 0; user < context.clients; ++user) {
      const auto n = generator->size(user);
      data.user_offsets.push_back(data.user_offsets.back() + n - n / 10);
      if (user < options_.test_users) test.push_back(test.back() + n / 10);
    }
    if (test.back() == 0)
      throw OptionError{"samples_per_client",
                        fmt::format("{} samples a user leave none to hold out (a tenth, rounded down)",
                                    *options_.samples_per_client),
                        "give at least 10"};
    data.name = "synthetic";
    data.origin = "generated";
    data.sample_shape = {options_.features};
    data.classes = options_.classes;
    data.generated_on_draw = true;
    data.bytes = data.user_offsets.size() * 2 * sizeof(std::int64_t);
    using Half = GeneratedSamples::Half;
    data.train = std::make_shared<GeneratedSamples>(generator, data.user_offsets, Half::train);
    data.test = std::make_shared<GeneratedSamples>(generator, std::move(test), Half::test);
    return data;
  }

 private:
  Options options_;
};

const Register<DataSource, Synthetic> entry{
    "synthetic", "Synthetic(alpha, beta): users with models and inputs of their own", "arXiv:1812.06127"};

}  // namespace
}  // namespace fedsim
