// What local SGD does with a client in a round: how many steps, and which rows each of them takes. The one place that
// knows, for trainers that take a client at a time and for those that take many.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "algorithm/round.h"
#include "algorithm/trainer.h"
#include "core/random.h"
#include "data/dataset.h"

namespace fedsim {

/// One client's data in one round.
struct ClientData {
  std::int64_t client = 0;
  Rows rows;
  double noise = 0;        // std of Gaussian noise added to the features at each access
  std::int64_t steps = 0;  // this client's own number of local steps; 0: as [client] says
  std::int64_t next = -1;  // the client that the same thread is likely to train next; -1: not known
  Rows next_rows{};        // its rows
};

/// The stream of a client's feature noise in a round: a normal a feature, in the order in which samples are read.
Random noise_stream(const Round& round, std::int64_t client);

/// The batches of one local run, in their order: epochs over seeded shuffles (Purpose::batches of (seed, round,
/// client)), the last partial batch kept; a number of steps counts batches and starts new epochs as needed. Reusable;
/// keeps its memory.
class BatchPlan {
 public:
  /// whole: a batch is always the whole client, in its order. A client without rows has no steps.
  void begin(const ClientData& client, const Round& round, const LocalJob& job, bool whole);
  std::int64_t steps() const { return steps_; }
  /// Samples of all batches together.
  std::int64_t visits() const;
  /// Samples in the largest batch.
  std::int64_t largest() const { return batch_size_; }
  /// Goes to the next batch; at most steps() times. Gives the number of its samples.
  std::int64_t advance();
  /// Samples of the next batch, where it is of the same epoch: they follow those of this one, if there is one yet, in
  /// row(). Else 0.
  std::int64_t upcoming() const;
  /// How many samples of the epoch come before the batch.
  std::int64_t first() const { return first_; }
  /// The i-th sample of the batch among the client's. Before the first batch, that of the epoch.
  std::int64_t position(std::int64_t i) const { return whole_ ? i : order_[static_cast<std::size_t>(first_ + i)]; }
  /// The same as a row of the data set.
  std::int64_t row(std::int64_t i) const { return client_.rows[position(i)]; }
  /// The stream of the batch's dropout masks.
  RandomStream dropout() const;

 private:
  ClientData client_;
  std::uint64_t seed_ = 0, round_ = 0;
  bool whole_ = false;
  std::int64_t batch_size_ = 0, batches_ = 0, steps_ = 0;  // batches: of an epoch
  std::int64_t step_ = -1, first_ = 0;                     // the current batch
  Random shuffles_{0, Purpose::batches};
  std::vector<std::uint32_t> order_;  // positions within the client, shuffled
};

}  // namespace fedsim
