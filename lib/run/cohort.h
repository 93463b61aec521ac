// One round on the clients: train, send, sum.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "aggregate/rule.h"
#include "algorithm/algorithm.h"
#include "partition/partition.h"
#include "record/client_states.h"
#include "record/result_writer.h"
#include "run/workers.h"
#include "train/cohort_trainer.h"

namespace fedsim {

struct CohortPlan {
  const Algorithm& algorithm;
  const AggregateRule& rule;
  const Partition& partition;
  const Dataset& data;
  bool weight_by_samples = true;
  CohortTrainer* batched = nullptr;  // trains `group` clients at once; null: a client a worker
  std::int64_t group = 0;            // batched_clients of the config
};

/// What a trainer needs to know of a client.
ClientData client_data(const CohortPlan& plan, std::int64_t client);

struct CohortResult {
  Aggregate mean;
  std::vector<ClientRow> rows;     // in order of the cohort
  std::int64_t nonfinite = 0;
  std::int64_t first_nonfinite = -1;  // client, and where its update is not finite: first_nonfinite() of divergence.h
  std::int64_t nonfinite_at = -1;
  double train_loss = 0;           // mean over every sample processed by the clients that reported
  std::int64_t bytes_up = 0, bytes_down = 0;
};

/// Runs the clients of `cohort` (ascending, repeated with replacement) on the workers and sums what they send. Client
/// states are committed only for updates that arrived. Nothing where a stop was requested before all were done.
std::optional<CohortResult> run_cohort(const CohortPlan& plan, const Round& round, const State& server,
                                       std::span<const std::int64_t> cohort, ClientStates& states, Workers& workers);

}  // namespace fedsim
