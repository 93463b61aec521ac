#include "train/batched/trainer.h"

#include <c10/util/Exception.h>

#include <algorithm>

#include "core/error.h"
#include "train/torch_tensor.h"
#include "train/torch_threads.h"

namespace fedsim::batched {
namespace {

constexpr std::size_t kept_groups = 4;      // with their memory; a cohort of one size needs two at most
constexpr int steps_before_capture = 2;     // libraries set themselves up in the first ones
constexpr std::int64_t worth_a_capture = 16;  // steps still to come, of a shape that may not come again
constexpr std::int64_t steps_at_once = 64;  // of which the row numbers are sent together
constexpr std::int64_t gradient_rows =
    32;  // of each client at a time. Constant: it is part of a result's bits

/// Row numbers of some steps of every client, [steps, m, B], as Group::set_rows takes them.
struct RowTable {
  std::int64_t clients, batch;
  std::vector<std::int64_t> rows{};

  std::span<std::int64_t> step(std::int64_t s) {
    const auto size = static_cast<std::size_t>(clients * batch);
    return std::span(rows).subspan(static_cast<std::size_t>(s) * size, size);
  }
  /// Fills steps [0, steps): fill(k, out) writes client k's rows of a step and gives their number; other
  /// places get its last row, or row `any` where it has none.
  template <class Fill>
  void write(std::int64_t steps, std::span<const std::int64_t> any, Fill&& fill) {
    rows.resize(static_cast<std::size_t>(steps * clients * batch));
    for (std::int64_t s = 0; s < steps; ++s)
      for (std::int64_t k = 0; k < clients; ++k) {
        const auto place =
            step(s).subspan(static_cast<std::size_t>(k * batch), static_cast<std::size_t>(batch));
        const auto count = static_cast<std::size_t>(fill(k, s, place));
        std::fill(place.begin() + static_cast<std::ptrdiff_t>(count), place.end(),
                  -1 - any[static_cast<std::size_t>(k)]);
      }
  }
  at::Tensor tensor(at::Device device) {
    const std::int64_t size = clients * batch;
    return at::from_blob(rows.data(), {static_cast<std::int64_t>(rows.size()) / size, clients, batch},
                         at::kLong)
        .to(device);
  }
};

/// A row of each client, to stand in places that are not filled; another client's where it has none.
std::vector<std::int64_t> any_rows(const std::vector<const ClientData*>& clients) {
  std::int64_t other = 0;
  for (const auto* client : clients)
    if (client->rows.size() > 0) other = client->rows[0];
  std::vector<std::int64_t> rows;
  for (const auto* client : clients) rows.push_back(client->rows.size() > 0 ? client->rows[0] : other);
  return rows;
}

/// Reads the samples of a step on the host, with each client's noise in the order of its samples.
class HostBatches {
 public:
  HostBatches(const DeviceSamples& samples, const std::vector<const ClientData*>& clients, const Round& round,
              std::int64_t batch)
      : samples_(samples), clients_(clients), batch_(batch) {
    for (const auto* client : clients) noise_.push_back(noise_stream(round, client->client));
  }

  void send(std::span<const std::int64_t> places, Group& group) {
    rows_.assign(places.begin(), places.end());
    for (auto& row : rows_) row = row >= 0 ? row : -1 - row;
    const auto n = static_cast<std::int64_t>(rows_.size()), m = static_cast<std::int64_t>(clients_.size());
    const at::Tensor x = at::empty({n, samples_.size()}, samples_.type());
    const at::Tensor y = at::empty({n, samples_.targets()}, at::kInt);
    samples_.read(rows_, x.mutable_data_ptr(), y.mutable_data_ptr<std::int32_t>());
    if (samples_.type() == at::kFloat) add_noise(places, x.mutable_data_ptr<float>());
    if (samples_.type() == at::kDouble) add_noise(places, x.mutable_data_ptr<double>());
    group.set_samples(x.reshape({m, batch_, -1}), y.reshape({m, batch_, -1}));
  }

 private:
  template <class T>
  void add_noise(std::span<const std::int64_t> places, T* x) {
    const std::int64_t size = samples_.size();
    for (std::size_t i = 0; i < places.size(); ++i) {
      const std::size_t k = i / static_cast<std::size_t>(batch_);
      if (places[i] < 0 || clients_[k]->noise == 0) continue;
      T* sample = x + static_cast<std::int64_t>(i) * size;
      for (std::int64_t j = 0; j < size; ++j)
        sample[j] += static_cast<T>(clients_[k]->noise * noise_[k].normal());
    }
  }

  const DeviceSamples& samples_;
  const std::vector<const ClientData*>& clients_;
  std::int64_t batch_;
  std::vector<Random> noise_;
  std::vector<std::int64_t> rows_;
};

/// Row k of [m, d] as a vector, from the device at once: no copy of the whole matrix is made on the host.
Vec row(const at::Tensor& matrix, std::int64_t k, Dtype dtype) {
  Vec v = Vec::uninitialized(static_cast<std::size_t>(matrix.size(1)), dtype);
  tensor_over(v).copy_(matrix.select(0, k));
  return v;
}

double mean(double sum, std::int64_t count) { return count > 0 ? sum / static_cast<double>(count) : 0; }

bool noisy(const std::vector<const ClientData*>& clients) {
  return std::any_of(clients.begin(), clients.end(),
                     [](const ClientData* client) { return client->noise > 0; });
}

template <class Item>
std::vector<const ClientData*> clients_of(std::span<const Item> items) {
  std::vector<const ClientData*> clients;
  for (const Item& item : items) clients.push_back(item.client);
  return clients;
}

}  // namespace

Trainer::Trainer(std::shared_ptr<const Network> network, const Dataset& data, Dtype dtype, at::Device device)
    : network_(std::move(network)),
      dtype_(dtype),
      device_(device),
      samples_(data, scalar_type(dtype), device),
      stream_(device.is_cuda() ? make_graph_stream(device.index()) : nullptr) {}

void Trainer::run(const std::function<void()>& work) {
  use_one_torch_thread();
  try {
    if (stream_)
      stream_->on_stream(work);
    else
      work();
  } catch (const c10::OutOfMemoryError& error) {
    throw OutputError(std::string(error.what_without_backtrace()) +
                      "\nhelp: a smaller batched_clients or client.batch_size, or trainer = \"autograd\"");
  }
}

Trainer::Prepared& Trainer::prepared(const GroupShape& shape) {
  auto found = groups_.find(shape);
  if (found != groups_.end()) {
    found->second.returned = true;
  } else {
    if (groups_.size() >= kept_groups)  // cohorts of changing size: memory stays bounded
      groups_.erase(std::ranges::min_element(groups_, {}, [](const auto& one) { return one.second.last_call; }));
    auto group = std::make_unique<Group>(*network_, samples_, shape, device_);  // may find too little memory
    found = groups_.try_emplace(shape).first;
    found->second.group = std::move(group);
  }
  found->second.last_call = ++calls_;
  return found->second;
}

void Trainer::step(Prepared& one, std::int64_t left) {
  const bool pays = one.returned || left >= worth_a_capture;
  if (!one.graph && stream_ && !one.no_graph && one.ordinary_steps >= steps_before_capture && pays) {
    one.graph = stream_->capture([&] { one.group->step(); });
    one.no_graph = one.graph == nullptr;
  }
  if (one.graph) return one.graph->replay();
  one.group->step();
  ++one.ordinary_steps;
}

void Trainer::train(Prepared& one, const GroupShape& shape, const Round& round, std::span<const Job> jobs,
                    std::vector<LocalResult>& results) {
  const auto clients = clients_of(jobs);
  const auto any = any_rows(clients);
  std::int64_t steps = 0;
  for (const BatchPlan& plan : plans_) steps = std::max(steps, plan.steps());
  RowTable table{shape.clients, shape.batch};
  HostBatches host(samples_, clients, round, shape.batch);
  for (std::int64_t begin = 0; begin < steps; begin += steps_at_once) {
    const std::int64_t count = std::min(steps_at_once, steps - begin);
    table.write(count, any, [&](std::int64_t k, std::int64_t s, std::span<std::int64_t> out) {
      BatchPlan& plan = plans_[static_cast<std::size_t>(k)];
      if (begin + s >= plan.steps()) return std::int64_t{0};
      const std::int64_t filled = plan.advance();
      for (std::int64_t i = 0; i < filled; ++i) out[static_cast<std::size_t>(i)] = plan.row(i);
      results[static_cast<std::size_t>(k)].processed += filled;
      return filled;
    });
    const at::Tensor rows = table.tensor(device_);
    for (std::int64_t s = 0; s < count; ++s) {
      one.group->set_rows(rows.select(0, s));
      if (shape.host) host.send(table.step(s), *one.group);
      step(one, steps - begin - s);
    }
  }
}

std::vector<LocalResult> Trainer::sgd(const Round& round, std::span<const Job> jobs) {
  std::vector<LocalResult> results(jobs.size());
  if (jobs.empty()) return results;
  const LocalJob& first = *jobs.front().job;
  const ClientOptions& options = round.local;
  plans_.resize(jobs.size());
  std::int64_t batch = 1;
  Group::Start start{.rule = {.lr = round.client_lr,
                              .momentum = options.momentum,
                              .weight_decay = options.weight_decay,
                              .clip = options.clip,
                              .prox = first.prox},
                     .seed = round.seed,
                     .round = round.index};
  for (std::size_t k = 0; k < jobs.size(); ++k) {
    const auto& [client, job] = jobs[k];
    plans_[k].begin(*client, round, *job, false);
    batch = std::max(batch, plans_[k].largest());
    start.w.push_back(&job->start);
    start.anchor.push_back(job->anchor ? job->anchor : &job->start);
    start.linear.push_back(&job->linear);
    start.clients.push_back(client->client);
  }
  const GroupShape shape{.clients = static_cast<std::int64_t>(jobs.size()),
                         .batch = batch,
                         .momentum = options.momentum != 0,
                         .weight_decay = options.weight_decay != 0,
                         .clip = options.clip != 0,
                         .prox = first.prox != 0,
                         .linear = !first.linear.empty(),
                         .host = !samples_.resident() || noisy(clients_of(jobs))};
  run([&] {
    Prepared& one = prepared(shape);
    one.group->begin(start);
    train(one, shape, round, jobs, results);
    const at::Tensor w = one.group->parameters(), losses = one.group->losses().to(at::kCPU),
                     counts = one.group->counts().to(at::kCPU);
    for (std::size_t k = 0; k < jobs.size(); ++k) {
      const auto i = static_cast<std::int64_t>(k);
      results[k].w = row(w, i, dtype_);
      results[k].steps = plans_[k].steps();
      results[k].loss = mean(losses.const_data_ptr<double>()[k], counts.const_data_ptr<std::int64_t>()[k]);
    }
  });
  return results;
}

std::vector<GradientResult> Trainer::gradient(const Round& round, std::span<const Point> points) {
  std::vector<GradientResult> results(points.size());
  if (points.empty()) return results;
  const auto clients = clients_of(points);
  const auto any = any_rows(clients);
  const auto m = static_cast<std::int64_t>(points.size());
  Group::Start start;
  std::int64_t largest = 0;
  for (const Point& point : points) {
    start.w.push_back(point.w);
    start.clients.push_back(point.client->client);
    largest = std::max(largest, point.client->rows.size());
  }
  const std::int64_t batch = std::clamp<std::int64_t>(largest, 1, gradient_rows);
  const bool from_host = !samples_.resident() || noisy(clients);
  run([&] {
    Group& group = *prepared({.clients = m, .batch = batch, .host = from_host}).group;
    group.begin(start);
    at::Tensor sums = at::zeros({m, network_->size}, at::TensorOptions(at::kDouble).device(device_));
    RowTable table{m, batch};
    HostBatches host(samples_, clients, round, batch);
    for (std::int64_t begin = 0; begin < largest; begin += batch) {
      table.write(1, any, [&](std::int64_t k, std::int64_t, std::span<std::int64_t> out) {
        const Rows& rows = clients[static_cast<std::size_t>(k)]->rows;
        const std::int64_t filled = std::clamp<std::int64_t>(rows.size() - begin, 0, batch);
        for (std::int64_t i = 0; i < filled; ++i) out[static_cast<std::size_t>(i)] = rows[begin + i];
        return filled;
      });
      group.set_rows(table.tensor(device_).select(0, 0));
      if (from_host) host.send(table.step(0), group);
      group.add_gradient(sums);
    }
    const at::Tensor means = sums.div(group.counts().clamp_min(1).unsqueeze(1));
    const at::Tensor losses = group.losses().to(at::kCPU), counts = group.counts().to(at::kCPU);
    for (std::size_t k = 0; k < points.size(); ++k)
      results[k] = {
          .gradient = row(means, static_cast<std::int64_t>(k), dtype_),
          .loss = mean(losses.const_data_ptr<double>()[k], counts.const_data_ptr<std::int64_t>()[k]),
          .samples = clients[k]->rows.size()};
  });
  return results;
}

}  // namespace fedsim::batched
