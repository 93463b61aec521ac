// Clients that are trained together: their parameters as one tensor [m, d] and one SGD step for all of them.
// Everything a step reads or writes keeps its address, so that a GPU can run it as a captured graph.
#pragma once

#include <ATen/ATen.h>

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "train/batched/network.h"
#include "train/batched/samples.h"
#include "train/learner.h"

namespace fedsim::batched {

/// What a step's operations depend on; numbers such as the step size are values and may change.
struct GroupShape {
  std::int64_t clients = 0;  // m
  std::int64_t batch = 0;    // B, the largest batch of any client
  bool momentum = false, weight_decay = false, clip = false, prox = false, linear = false;
  bool host = false;  // samples come from the host at every step
  auto operator<=>(const GroupShape&) const = default;
};

class Group {
 public:
  Group(const Network& network, DeviceSamples& samples, const GroupShape& shape, at::Device device);

  /// Starts local runs: rule's numbers, each client's start (and anchor, linear where the shape has them)
  /// [d], fresh momentum, the names of the dropout streams. Pointers that are all the same are sent once.
  struct Start {
    StepRule rule;  // without its pointers
    std::vector<const Vec*> w{}, anchor{}, linear{};
    std::uint64_t seed = 0;
    std::int64_t round = 0;
    std::vector<std::int64_t> clients{};
  };
  void begin(const Start& start);

  /// The rows of the next batches, [m, B] int64 on the device: a row, or -1 - row for a place that is not
  /// filled (any row stands there, and is not counted). A client whose places are all empty takes no step.
  void set_rows(const at::Tensor& rows) { rows_.copy_(rows); }
  /// Where the shape says host: the samples of those rows, [m, B, sample] and [m, B, targets] int32, on the
  /// host.
  void set_samples(const at::Tensor& x, const at::Tensor& y);
  /// One step of every client.
  void step();
  /// Adds each client's gradient of the summed loss at `w`, without dropout, to `sums` [m, d] float64, and
  /// its loss and targets to what losses() and counts() give.
  void add_gradient(at::Tensor& sums);

  const at::Tensor& parameters() const { return w_; }  // [m, d]
  const at::Tensor& losses() const { return loss_; }   // [m] float64, summed over targets
  const at::Tensor& counts() const { return count_; }  // [m] int64, targets that are not padding

 private:
  struct Differentiated {
    at::Tensor gradient;  // [m, d]
    at::Tensor active;    // [m, 1] bool: the client has samples in this batch
  };
  Differentiated differentiate(bool training);
  std::vector<at::Tensor> leaves() const;
  void add_losses(const at::Tensor& losses, const at::Tensor& y);
  at::Tensor clipped(const at::Tensor& gradient) const;
  void fill(at::Tensor& target, std::span<const Vec* const> vectors) const;

  const Network& network_;
  DeviceSamples& samples_;
  GroupShape shape_;
  at::Tensor w_, velocity_, anchor_, linear_;              // [m, d]
  at::Tensor rows_;                                        // [m, B] int64
  at::Tensor x_, y_;                                       // [m, B, sample...], [m, B, targets], where host
  at::Tensor loss_, count_;                                // [m]
  at::Tensor lr_, momentum_, weight_decay_, prox_, clip_;  // [] of the parameters' type; clip_: float64
  StepStream stream_;
};

}  // namespace fedsim::batched
