// A federated algorithm: what the server keeps, what a client does, what the server does with the mean.
// One file each, 20 to 80 lines that look like the paper. See docs/add-an-algorithm.md.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "algorithm/round.h"
#include "algorithm/task.h"
#include "algorithm/trainer.h"
#include "core/registry.h"
#include "core/vec.h"

namespace fedsim {

/// What the server keeps between rounds: w and named vectors of the algorithm and the server optimiser. All of it is
/// in every checkpoint.
struct State {
  Vec w;                 // [d] global model
  NamedVectors vectors;  // [d] each
  const Vec& operator[](std::string_view name) const {
    const auto found = vectors.find(name);
    if (found == vectors.end()) throw std::logic_error("no state vector '" + std::string(name) + "'");
    return found->second;
  }
  /// The named vector; zeros like w the first time.
  Vec& vector(std::string_view name) {
    auto found = vectors.find(name);
    if (found == vectors.end()) found = vectors.emplace(std::string(name), Vec(w.size(), w.dtype())).first;
    return found->second;
  }
};

/// What one client keeps between the rounds in which it takes part. Committed only if its update arrived.
struct ClientState {
  NamedVectors vectors;
  /// The named vector; zeros of the size and dtype of `like` the first time.
  Vec& vector_like(std::string_view name, const Vec& like) {
    auto found = vectors.find(name);
    if (found == vectors.end()) found = vectors.emplace(std::string(name), Vec(like.size(), like.dtype())).first;
    return found->second;
  }
};

/// States of clients, by client.
using ClientStateMap = std::map<std::int64_t, ClientState>;

/// Weighted mean over the clients that reported, weights n_k or 1 (aggregate.weight).
struct Aggregate {
  Vec delta{};                  // [d]
  Vec side{};                   // [d] or empty
  std::vector<double> scalars{};
  std::int64_t reported = 0;    // |S|
};

class Algorithm {
 public:
  virtual ~Algorithm() = default;

  /// Adds the algorithm's vectors to a state that holds w. Called once, before round 1.
  virtual void init(State&) const {}
  /// One client's part of a round. Runs on any thread, concurrently with other clients: touches only `mine`.
  virtual Task<Update> client(const Round& round, const State& server, ClientState& mine, Trainer& trainer) const = 0;
  /// Updates the server's own vectors and returns the step Delta [d] that the server optimiser takes: w + eta_g Delta
  /// with the plain one. Called with at least one report.
  virtual Vec server(const Round&, State&, Aggregate mean) const { return std::move(mean.delta); }
  /// aggregate.weight = "auto": true for algorithms whose paper takes the plain mean.
  virtual bool uniform_weights() const { return false; }
  /// State vectors sent down to each client besides w, for the count of bytes.
  virtual std::vector<std::string> broadcast() const { return {}; }
  /// Combinations known to work badly: one sentence each, printed as warnings.
  virtual std::vector<std::string> warnings(const ClientOptions&) const { return {}; }
};

}  // namespace fedsim
