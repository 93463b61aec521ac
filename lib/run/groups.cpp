#include "run/groups.h"

#include <algorithm>
#include <deque>
#include <map>
#include <numeric>

#include "run/stop.h"

namespace fedsim {
namespace {

/// A client's trainer that answers nothing by itself: the client stops at its co_await.
class WaitingTrainer final : public Trainer {
 public:
  explicit WaitingTrainer(const ClientData& client) : client_(client) {}
  std::int64_t samples() const override { return client_.rows.size(); }
  bool submit(TrainRequest& request) override {
    request_ = &request;
    return false;
  }
  /// In the coroutine's frame, which stays where it is until the client goes on.
  TrainRequest& request() { return *request_; }

 private:
  const ClientData& client_;
  TrainRequest* request_ = nullptr;
};

/// A client between its start and its update. Its coroutine refers to the members: it must not move.
struct Participant {
  Participant(const CohortPlan& plan, const Round& round, const State& server, std::int64_t at,
              std::int64_t client, const ClientStates& states)
      : place(at),
        data(client_data(plan, client)),
        mine(states.of(client)),
        trainer(data),
        task(plan.algorithm.client(round, server, mine, trainer)) {}
  Participant(const Participant&) = delete;
  Participant& operator=(const Participant&) = delete;

  std::int64_t place;  // in the cohort
  ClientData data;
  ClientState mine;
  WaitingTrainer trainer;
  Task<Update> task;
  bool done = false;
};

/// One launch for the local runs that agree in what a launch has in common, in the order of the clients.
void answer_sgd(CohortTrainer& trainer, const Round& round, std::span<Participant* const> waiting) {
  std::map<std::pair<double, bool>, std::vector<Participant*>> alike;  // prox, linear
  for (Participant* one : waiting) {
    const LocalJob& job = *one->trainer.request().job;
    alike[{job.prox, !job.linear.empty()}].push_back(one);
  }
  for (const auto& [key, members] : alike) {
    std::vector<CohortTrainer::Job> jobs;
    for (Participant* one : members) jobs.push_back({&one->data, one->trainer.request().job});
    auto results = trainer.sgd(round, jobs);
    for (std::size_t i = 0; i < members.size(); ++i)
      members[i]->trainer.request().local = std::move(results[i]);
  }
}

/// Gradients and losses are one pass.
void answer_gradient(CohortTrainer& trainer, const Round& round, std::span<Participant* const> waiting) {
  std::vector<CohortTrainer::Point> points;
  for (Participant* one : waiting) points.push_back({&one->data, one->trainer.request().at});
  auto results = trainer.gradient(round, points);
  for (std::size_t i = 0; i < waiting.size(); ++i) waiting[i]->trainer.request().full = std::move(results[i]);
}

/// As few groups as there must be, as equal as they can be: 100 clients in groups of at most 64 are 50 and
/// 50, which one graph of a GPU serves.
std::size_t group_size(std::size_t clients, std::size_t most) {
  const std::size_t groups = std::max<std::size_t>(1, (clients + most - 1) / most);
  return std::max<std::size_t>(1, (clients + groups - 1) / groups);
}

void answer(CohortTrainer& trainer, const Round& round, const std::vector<Participant*>& waiting) {
  std::vector<Participant*> sgd, gradient;
  for (Participant* one : waiting)
    (one->trainer.request().kind == TrainRequest::Kind::sgd ? sgd : gradient).push_back(one);
  answer_sgd(trainer, round, sgd);
  answer_gradient(trainer, round, gradient);
}

}  // namespace

bool train_in_groups(const CohortPlan& plan, const Round& round, const State& server,
                     std::span<const std::int64_t> cohort, std::span<const std::int64_t> order,
                     const ClientStates& states, Workers& workers, const Deliver& deliver) {
  const std::size_t size = group_size(order.size(), static_cast<std::size_t>(plan.group));
  for (std::size_t begin = 0; begin < order.size(); begin += size) {
    if (stop_requested()) return false;
    std::deque<Participant> group;
    for (const auto place : order.subspan(begin, std::min(order.size() - begin, size)))
      group.emplace_back(plan, round, server, place, cohort[static_cast<std::size_t>(place)], states);
    std::vector<Participant*> waiting;
    for (Participant& one : group) waiting.push_back(&one);
    while (!waiting.empty()) {
      std::vector<std::int64_t> all(waiting.size());
      std::iota(all.begin(), all.end(), 0);
      workers.for_each(
          {all},
          [&](std::int64_t i, Worker&, std::size_t slot) {
            Participant& one = *waiting[static_cast<std::size_t>(i)];
            if (!one.task.run_until_wait()) return;
            deliver(one.place, one.data, one.mine, one.task.take(), slot);
            one.done = true;
          },
          /*may_stop=*/false);
      std::erase_if(waiting, [](const Participant* one) { return one->done; });
      answer(*plan.batched, round, waiting);
    }
  }
  return true;
}

}  // namespace fedsim
