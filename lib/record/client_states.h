// What the clients that took part keep between rounds: in memory, and in a store on disk where that is not enough.
//
// Up to `most_in_checkpoint` bytes everything is in memory and in each checkpoint. More goes to the store as well, with
// every round, so that a checkpoint costs the same however many clients were visited; memory then holds as many states as
// the budget allows, to be read without the disk. A round whose own states are more than that goes to the store piece by
// piece, while it runs. Nothing that a run computes depends on where a state was.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <shared_mutex>

#include "algorithm/algorithm.h"
#include "record/checkpoint.h"
#include "record/state_store.h"

namespace fedsim {

class ClientStates {
 public:
  static constexpr std::int64_t most_in_checkpoint = 16 << 20;  // bytes

  /// `budget` in bytes of memory; `store` is made when it is first needed.
  ClientStates(std::filesystem::path store, std::int64_t budget);

  /// A copy of a client's state as of the last committed round, empty for one that has none. From any thread.
  ClientState of(std::int64_t client) const;
  /// What `round`, the one after that, has changed. From any thread, once for a client. Throws OutputError of the store.
  void put(std::int64_t round, std::int64_t client, ClientState state);
  /// The round is over: what it has put is what clients have. Throws OutputError of the store.
  void commit(std::int64_t round);

  /// Puts the states, or where they are, into a checkpoint; `saved` once that is on the disk.
  void save(Checkpoint& checkpoint) const;
  void saved(std::int64_t round);
  /// As of a checkpoint; its states are taken out of it.
  void restore(Checkpoint& checkpoint);
  /// Removes the store of an earlier run.
  void remove_store();

 private:
  void keep(std::int64_t client, ClientState state);
  void forget(std::int64_t client);
  void open_store();
  void spill(std::int64_t round);

  std::filesystem::path path_;
  std::int64_t budget_;
  std::int64_t store_share_, waiting_share_, memory_share_;  // of the budget, bytes
  mutable std::shared_mutex mutex_;
  std::int64_t committed_ = 0;  // round
  ClientStateMap memory_;       // as of that round; without a store: all; with one: some of them
  ClientStateMap waiting_;      // of the round that runs, not yet in the store
  std::int64_t bytes_ = 0, waiting_bytes_ = 0, new_bytes_ = 0;  // new: of those that wait, of clients not in memory_
  std::unique_ptr<StateStore> store_;
};

/// Bytes of memory that a state takes.
std::int64_t bytes_of(const ClientState& state);

}  // namespace fedsim
