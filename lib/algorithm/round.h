// What every client of a round knows of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/options.h"
#include "core/vec.h"

namespace fedsim {

/// [client]: local training.
struct ClientOptions {
  std::string optimizer = "sgd";
  double lr = 0.05;
  double momentum = 0.0;
  double weight_decay = 0.0;
  double clip = 0.0;
  std::int64_t batch_size = 10;
  std::optional<std::int64_t> epochs, steps;  // neither: one epoch
  double lr_decay = 1.0;

  void visit(OptionVisitor& option) {
    option("optimizer", optimizer, {"sgd"}, "local optimiser");
    option("lr", lr, above(0), "step size of local SGD");
    option("momentum", momentum, from_up_to(0, 1), "heavy-ball momentum; the buffer is new every round");
    option("weight_decay", weight_decay, at_least(0), "L2 penalty, added to the gradient");
    option("clip", clip, at_least(0), "largest norm of a batch gradient; 0: no clipping");
    option("batch_size", batch_size, at_least(0), "samples a step; 0: the client's whole data");
    option("epochs", epochs, at_least(1), "passes over the client's data (default 1)");
    option("steps", steps, at_least(1), "local steps instead of epochs");
    option("lr_decay", lr_decay, above_up_to(0, 1), "round t uses lr * lr_decay^(t-1)");
  }
};

struct Round {
  std::int64_t index = 0;       // t, from 1
  std::int64_t population = 0;  // N
  std::int64_t cohort = 0;      // m: clients chosen this round
  double client_lr = 0;         // eta_l of this round, decay applied
  ClientOptions local;          // [client] as resolved
  std::uint64_t seed = 1;
  const Vec* w = nullptr;  // the server's model, which stays as it is while the cohort trains; null: unknown
};

}  // namespace fedsim
