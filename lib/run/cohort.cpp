#include "run/cohort.h"

#include <algorithm>
#include <numeric>

#include "aggregate/together.h"
#include "algorithm/bytes.h"
#include "run/divergence.h"
#include "run/groups.h"

namespace fedsim {
namespace {

/// A client's trainer on a CPU worker (or one GPU stream): every request is answered at once.
class DirectTrainer final : public Trainer {
 public:
  DirectTrainer(Worker& worker, const ClientData& client, const Round& round)
      : worker_(worker), client_(client), round_(round) {}
  std::int64_t samples() const override { return client_.rows.size(); }
  bool submit(TrainRequest& request) override {
    if (request.kind == TrainRequest::Kind::sgd)
      request.local = worker_.sgd(client_, round_, *request.job, request.answer);
    else
      request.full = worker_.gradient(client_, round_, *request.at);
    return true;
  }

 private:
  Worker& worker_;
  const ClientData& client_;
  const Round& round_;
};

/// The place in `order` of each place in the cohort.
std::vector<std::size_t> inverse(std::span<const std::int64_t> order) {
  std::vector<std::size_t> at(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) at[static_cast<std::size_t>(order[i])] = i;
  return at;
}

/// Places in the cohort, largest client first (ties by place), so that no long client is begun last.
std::vector<std::int64_t> largest_first(const Partition& partition, std::span<const std::int64_t> cohort) {
  std::vector<std::int64_t> order(cohort.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return partition.size(cohort[static_cast<std::size_t>(a)]) > partition.size(cohort[static_cast<std::size_t>(b)]);
  });
  return order;
}

void add_together(Accumulator& sum, const Together::Group& clients, const InRanges& in_ranges = in_one_range) {
  std::vector<WeightedChange> changes;
  for (const EndedClient& client : clients) changes.push_back({client.change.get(), client.weight});
  sum.add(changes, in_ranges);
}

/// Totals over the cohort in its order, whatever order the clients ended in.
void add_totals(CohortResult& result, std::span<const std::int64_t> processed, std::span<const std::int64_t> broken) {
  double loss = 0;
  std::int64_t samples = 0;
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    const ClientRow& row = result.rows[i];
    result.bytes_up += row.bytes_up;
    result.bytes_down += row.bytes_down;
    if (row.status == ClientStatus::nonfinite) {
      if (result.nonfinite++ == 0) {
        result.first_nonfinite = row.client;
        result.nonfinite_at = broken[i];
      }
      continue;
    }
    loss += row.train_loss * static_cast<double>(processed[i]);
    samples += processed[i];
  }
  result.train_loss = samples > 0 ? loss / static_cast<double>(samples) : not_evaluated;
}

}  // namespace

ClientData client_data(const CohortPlan& plan, std::int64_t client) {
  ClientData data;
  data.client = client;
  data.rows = plan.partition.rows(client);
  if (!plan.partition.noise.empty())
    data.noise = static_cast<double>(plan.partition.noise[static_cast<std::size_t>(client)]);
  if (plan.data.quadratic && !plan.data.quadratic->steps.empty())
    data.steps = plan.data.quadratic->steps[static_cast<std::size_t>(client)];
  return data;
}

std::optional<CohortResult> run_cohort(const CohortPlan& plan, const Round& round, const State& server,
                                       std::span<const std::int64_t> cohort, ClientStates& states, Workers& workers) {
  CohortResult result;
  result.rows.resize(cohort.size());
  std::vector<std::int64_t> processed(cohort.size());
  std::vector<std::int64_t> broken(cohort.size(), -1);  // coordinates, of updates that did not arrive
  std::vector<std::unique_ptr<Accumulator>> sums(static_cast<std::size_t>(workers.threads()));
  const std::int64_t down = bytes_received(plan.algorithm, server);
  const auto order = largest_first(plan.partition, cohort);
  const auto begun = inverse(order);
  std::vector<std::int64_t> samples;  // of each client in the order of work
  for (const std::int64_t place : order) samples.push_back(plan.partition.size(cohort[static_cast<std::size_t>(place)]));
  Together together(samples, server.w.bytes());

  const auto deliver = [&](std::int64_t place, const ClientData& client, ClientState& mine, Update&& update,
                           std::size_t slot) {
    const auto i = static_cast<std::size_t>(place);
    if (!sums[slot]) sums[slot] = plan.rule.open(static_cast<std::int64_t>(cohort.size()));
    const Magnitude size = update.magnitude();
    const std::int64_t up = bytes_sent(update);
    const std::int64_t weight = plan.weight_by_samples ? client.rows.size() : 1;
    const bool arrived = sums[slot]->add(std::move(update), size, weight);
    processed[i] = update.local.processed;
    result.rows[i] = {.round = round.index,
                      .client = client.client,
                      .samples = client.rows.size(),
                      .steps = update.local.steps,
                      .train_loss = update.local.loss,
                      .update_norm = size.norm,
                      .bytes_up = up,
                      .bytes_down = down,
                      .status = arrived ? ClientStatus::reported : ClientStatus::nonfinite};
    if (!arrived) broken[i] = first_nonfinite(update);
    add_together(*sums[slot], together.put(begun[i], {arrived ? std::move(update.sealed) : nullptr, weight}));
    // Of a client that was drawn more than once, what its last task leaves.
    const bool last = i + 1 == cohort.size() || cohort[i + 1] != cohort[i];
    if (arrived && last && !mine.vectors.empty()) states.put(round.index, client.client, std::move(mine));
  };
  const auto train = [&](std::int64_t place, Worker& worker, std::size_t slot) {
    ClientData client = client_data(plan, cohort[static_cast<std::size_t>(place)]);
    const std::size_t next = begun[static_cast<std::size_t>(place)] + 1;
    if (!std::ranges::binary_search(together.groups(), next)) {  // of the same group, which one thread takes as a rule
      client.next = cohort[static_cast<std::size_t>(order[next])];
      client.next_rows = plan.partition.rows(client.next);
    }
    ClientState mine = states.of(client.client);
    DirectTrainer trainer(worker, client, round);
    auto task = plan.algorithm.client(round, server, mine, trainer);
    while (!task.run_until_wait()) {
    }
    deliver(place, client, mine, task.take(), slot);
  };
  const auto settle = [&](std::size_t slot) {  // beside clients that are still trained
    if (sums[slot]) sums[slot]->settle();
  };
  const bool whole = plan.batched
                         ? train_in_groups(plan, round, server, cohort, order, states, workers, deliver)
                         : workers.for_each({order, together.groups(), samples}, train, /*may_stop=*/true, settle);
  if (!whole) return std::nullopt;

  const auto total = plan.rule.open(static_cast<std::int64_t>(cohort.size()));
  for (const auto& sum : sums)
    if (sum) total->merge(*sum);
  const InRanges in_ranges = [&](std::size_t size, const RangeWork& work) { workers.in_ranges(size, work); };
  add_together(*total, together.late(), in_ranges);
  result.mean = total->close(in_ranges);
  states.commit(round.index);
  add_totals(result, processed, broken);
  return result;
}

}  // namespace fedsim
