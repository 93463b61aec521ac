// A client's samples where the learner reads the stored bytes: found once an epoch. Each batch comes with what is read after it,
// for the learner to ask for meanwhile: the next batch and, of small clients, a part of the next client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/dataset.h"
#include "train/batch_plan.h"
#include "train/learner.h"

namespace fedsim {

class ClientBytes {
 public:
  /// samples: of `sample` bytes and `targets` targets each. `cache`: bytes of a core's own.
  ClientBytes(const Samples& samples, std::int64_t sample, std::int64_t targets, std::size_t cache);
  /// Before the plan's first batch. `model`: bytes of its parameters.
  void begin(const ClientData& client, const BatchPlan& plan, std::size_t model);
  /// The client's samples in the order of the plan's first epoch, in place of its batches: the plan visits each at least once.
  /// Valid until the next call.
  Batch all(const BatchPlan& plan);
  /// The plan's batch of `count` samples: every batch once, in order. Valid until the next call.
  Batch batch(const BatchPlan& plan, std::int64_t count);

 private:
  bool stay_in_cache(std::int64_t samples, std::size_t model) const;
  void find_epoch(const BatchPlan& plan);
  void ask_for_own(std::int64_t first, std::int64_t end) const;
  void expect_next(std::int64_t steps);
  Batch part(std::int64_t first, std::int64_t count) const;

  const Samples& samples_;
  std::int64_t sample_, targets_;
  std::size_t cache_;
  std::vector<std::int64_t> rows_;
  std::vector<const std::uint8_t*> x_;  // of the samples that the plan visits, in the order of the epoch
  std::vector<std::int32_t> y_;
  std::vector<const std::uint8_t*> coming_;
  bool at_hand_ = false;       // all samples were asked for during the run before
  std::int64_t step_ = 0;      // batches that were given
  std::int64_t next_ = -1;     // the client of next_rows_
  Rows next_rows_;             // none: its samples are not asked for
  std::vector<std::int64_t> next_part_;
  std::int64_t expected_ = 0;  // of them that were asked for
};

}  // namespace fedsim
