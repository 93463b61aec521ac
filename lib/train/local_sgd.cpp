#include "train/local_sgd.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <vector>

#include "core/memory.h"
#include "train/client_bytes.h"

namespace fedsim {
namespace {

void add(Evaluation& sum, const Evaluation& part) {
  sum.loss += part.loss;
  sum.correct += part.correct;
  sum.count += part.count;
}

double mean_loss(const Evaluation& sum) { return sum.count > 0 ? sum.loss / static_cast<double>(sum.count) : 0; }

}  // namespace

struct Worker::Impl {
  std::unique_ptr<Learner> learner;
  const Dataset& data;
  Dtype dtype;
  std::int64_t sample = 0;            // numbers a sample
  Buffer x{};                         // [rows, sample] of dtype
  std::vector<const std::uint8_t*> bytes{};  // [rows] in place of x
  std::vector<std::int32_t> y{};      // [rows, targets]
  std::vector<std::int64_t> rows{};   // of the batch being gathered, or its places among all of the client's samples
  std::vector<std::int64_t> ahead{};  // of the next batch of the epoch, if there is one
  std::vector<std::int64_t> place_of{};  // of the client's samples in the order of the first epoch
  std::vector<std::int32_t> all_y{};     // [samples, targets], in that order
  BatchPlan plan{};
  std::optional<ClientBytes> stored{};  // set from the first run on that reads bytes
  bool reads_bytes = false;             // this run does

  /// True where features are bytes that the learner can read.
  bool as_bytes(const Samples& samples) const {
    return learner->byte_divisor() != 0 && learner->byte_divisor() == samples.byte_divisor();
  }

  /// Samples `rows` as a batch; `noise` of standard deviation `deviation` is added to every feature.
  Batch gather(const Samples& samples, double deviation, Random* noise) {
    const auto count = static_cast<std::int64_t>(rows.size());
    y.resize(static_cast<std::size_t>(count * data.targets));
    Batch batch;
    batch.y = y.data();
    batch.count = count;
    if (deviation == 0 && as_bytes(samples)) {
      bytes.resize(rows.size());
      samples.find(rows, bytes.data(), y.data());
      batch.bytes = bytes.data();
      return batch;
    }
    const auto values = static_cast<std::size_t>(count * sample);
    x.grow(values * size_of(dtype));
    const auto fill = [&](auto* features) {
      samples.gather(rows, features, y.data());
      using T = std::remove_pointer_t<decltype(features)>;
      if (deviation > 0)
        for (std::size_t i = 0; i < values; ++i) features[i] += static_cast<T>(deviation * noise->normal());
    };
    if (dtype == Dtype::float32) fill(static_cast<float*>(x.data()));
    if (dtype == Dtype::float64) fill(static_cast<double*>(x.data()));
    batch.x = x.data();
    return batch;
  }

  /// Samples `rows` of the client.
  Batch client_batch(const ClientData& client, Random& noise) {
    Batch batch = gather(*data.train, client.noise, &noise);
    batch.client = client.client;
    return batch;
  }

  static Batch whole_client(const ClientData& client) {
    Batch batch;
    batch.client = client.client;
    batch.count = client.rows.size();
    return batch;
  }

  /// list = `count` rows of the plan from the first-th after the start of its batch on.
  void list_rows(std::vector<std::int64_t>& list, std::int64_t first, std::int64_t count) const {
    list.resize(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) list[static_cast<std::size_t>(i)] = plan.row(first + i);
  }

  /// The samples of the next batch come into the caches while this one, of `current` samples, is worked on.
  void look_ahead(std::int64_t current) {
    list_rows(ahead, current, plan.upcoming());
    if (!ahead.empty()) data.train->prefetch(ahead);  // a quadratic data set has no samples
  }

  /// Before the plan's first batch. `model`: bytes of its parameters.
  void begin(const ClientData& client, std::size_t model) {
    reads_bytes = client.noise == 0 && data.train && as_bytes(*data.train);
    if (!reads_bytes) return look_ahead(0);
    if (!stored) stored.emplace(*data.train, sample, data.targets, second_level_cache());
    stored->begin(client, plan, model);
  }

  /// The client's samples at once, in the order of the first epoch.
  Batch all(const ClientData& client, Random& noise) {
    if (reads_bytes) return stored->all(plan);
    list_rows(rows, 0, client.rows.size());
    data.train->prefetch(std::span(rows).subspan(ahead.size()));
    return client_batch(client, noise);
  }

  /// The plan's batch of `count` samples.
  Batch planned_batch(const ClientData& client, std::int64_t count, Random& noise) {
    if (learner->whole_clients()) return whole_client(client);
    if (reads_bytes) return stored->batch(plan, count);
    if (ahead.empty())
      list_rows(rows, 0, count);
    else
      rows.swap(ahead);
    Batch batch = client_batch(client, noise);
    look_ahead(count);
    return batch;
  }

  /// Gives the learner all of the client's samples.
  void give(const Batch& all) {
    place_of.resize(static_cast<std::size_t>(all.count));
    for (std::int64_t i = 0; i < all.count; ++i) place_of[static_cast<std::size_t>(plan.position(i))] = i;
    learner->samples(all);
    all_y.assign(all.y, all.y + all.count * data.targets);
  }

  /// The plan's batch of `count` samples, as places among those.
  Batch batch_of_all(std::int64_t count) {
    const auto targets = static_cast<std::size_t>(data.targets);
    rows.resize(static_cast<std::size_t>(count));
    y.resize(rows.size() * targets);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i] = place_of[static_cast<std::size_t>(plan.position(static_cast<std::int64_t>(i)))];
      std::copy_n(all_y.data() + static_cast<std::size_t>(rows[i]) * targets, targets, y.data() + i * targets);
    }
    Batch batch;
    batch.places = rows.data();
    batch.y = y.data();
    batch.count = count;
    return batch;
  }

  /// Calls visit(batch) for all of a client's samples, a chunk at a time, in their order.
  template <class Visit>
  void for_all(const ClientData& client, const Round& round, Visit&& visit) {
    Random noise = noise_stream(round, client.client);
    const std::int64_t n = client.rows.size(), step = learner->rows_at_once();
    if (n > 0 && learner->whole_clients()) return visit(whole_client(client));
    for (std::int64_t first = 0; first < n; first += step) {
      rows.resize(static_cast<std::size_t>(std::min(step, n - first)));
      for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = client.rows[first + static_cast<std::int64_t>(i)];
      visit(client_batch(client, noise));
    }
  }
};

Worker::Worker(std::unique_ptr<Learner> learner, const Dataset& data, Dtype dtype)
    : impl_(new Impl{.learner = std::move(learner), .data = data, .dtype = dtype,
                     .sample = data.quadratic ? 0 : elements(data.sample_shape)}) {}
Worker::~Worker() = default;

LocalResult Worker::sgd(const ClientData& client, const Round& round, const LocalJob& job, Answer answer) {
  Impl& my = *impl_;
  LocalResult result;
  if (client.rows.size() == 0) {
    result.w = job.start;
    return result;
  }
  result.relative = answer != Answer::model;
  const ClientOptions& options = round.local;
  my.plan.begin(client, round, job, my.learner->whole_clients());
  Random noise = noise_stream(round, client.client);
  StepRule rule{.lr = round.client_lr, .momentum = options.momentum, .weight_decay = options.weight_decay,
                .clip = options.clip, .prox = job.prox};
  if (job.prox != 0) rule.anchor = job.anchor ? job.anchor : &job.start;
  if (!job.linear.empty()) rule.linear = &job.linear;

  RunShape shape{.visits = my.plan.visits(),
                 .batch = my.plan.largest(),
                 .start = &job.start == round.w ? static_cast<std::uint64_t>(round.index) : 0};
  if (client.noise == 0 && shape.visits >= client.rows.size()) shape.samples = client.rows.size();
  my.begin(client, job.start.bytes());
  const bool at_once = my.learner->begin(job.start, rule, shape);
  if (at_once) my.give(my.all(client, noise));
  Evaluation sum;
  for (std::int64_t step = 0; step < my.plan.steps(); ++step) {
    const std::int64_t count = my.plan.advance();
    Batch batch = at_once ? my.batch_of_all(count) : my.planned_batch(client, count, noise);
    batch.dropout = my.plan.dropout();
    const bool last = result.relative && step + 1 == my.plan.steps();
    add(sum, last ? my.learner->last_step(batch, answer) : my.learner->step(batch));
    result.processed += count;
  }
  if (result.relative) result.sealed = my.learner->take_sealed();
  if (!result.sealed) result.w = result.relative ? my.learner->take_difference(job.start) : my.learner->take();
  result.steps = my.plan.steps();
  result.loss = mean_loss(sum);
  return result;
}

GradientResult Worker::gradient(const ClientData& client, const Round& round, const Vec& w) {
  Vec sum(w.size(), Dtype::float64);
  Evaluation total;
  impl_->for_all(client, round, [&](const Batch& batch) { add(total, impl_->learner->gradient(w, batch, sum)); });
  GradientResult result{.gradient = Vec(w.size(), w.dtype()), .loss = mean_loss(total), .samples = client.rows.size()};
  if (total.count == 0) return result;
  sum /= static_cast<double>(total.count);
  if (w.dtype() == Dtype::float64) {
    result.gradient = std::move(sum);
  } else {
    const auto from = std::as_const(sum).as<double>();
    std::transform(from.begin(), from.end(), result.gradient.as<float>().begin(),
                   [](double g) { return static_cast<float>(g); });
  }
  return result;
}

Evaluation Worker::evaluate(const Samples& samples, std::int64_t first, std::int64_t count, const Vec& w) {
  Evaluation sum;
  const std::int64_t step = impl_->learner->rows_at_once();
  for (std::int64_t from = first; from < first + count; from += step) {
    impl_->rows.resize(static_cast<std::size_t>(std::min(step, first + count - from)));
    std::iota(impl_->rows.begin(), impl_->rows.end(), from);
    add(sum, impl_->learner->evaluate(w, impl_->gather(samples, 0, nullptr)));
  }
  return sum;
}

Evaluation Worker::test(std::int64_t first, std::int64_t count, const Vec& w) {
  if (!impl_->learner->whole_clients()) return evaluate(*impl_->data.test, first, count, w);
  Evaluation sum;
  for (std::int64_t client = first; client < first + count; ++client) {
    Batch batch;
    batch.client = client;
    batch.count = impl_->data.quadratic->samples.at(static_cast<std::size_t>(client));
    add(sum, impl_->learner->evaluate(w, batch));
  }
  return sum;
}

}  // namespace fedsim
