// The layers of a Network for m clients at once, each with parameters of its own.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "model/network.h"
#include "train/batched/masks.h"

namespace fedsim::batched {

/// Masks of the current step: nothing is dropped without a stream.
struct Dropout {
  const StepStream* stream = nullptr;
  at::Tensor counts;  // [m] int64, samples of each client's batch: where the words of the next layer begin
};

/// "" where every layer is known, else why not.
std::string refusal(const Network& network);

/// Logits [m, B, classes] or [m, B, targets, classes] of x [m, B, sample...] (token ids as int64 where the
/// first layer is an embedding). weights: the parameters in the network's order, [m, shape...] each.
///
/// Values are [m, B, ...] by their sizes, but images lie in memory as [B, m, channels, height, width]: then a
/// convolution of m groups reads them as B images of m * channels without a copy.
at::Tensor logits(const Network& network, const std::vector<at::Tensor>& weights, const at::Tensor& x,
                  const Dropout& dropout);

}  // namespace fedsim::batched
