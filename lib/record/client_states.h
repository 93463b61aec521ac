// What the clients that took part keep between rounds: in memory, and in a store on disk where that is not enough.
//
// Up to `most_in_checkpoint` bytes everything is in memory and in each checkpoint. More goes to the store as well, with
// every round, so that a checkpoint costs the same however many clients were visited; memory then holds as many states as
// the budget allows, to be read without the disk. Nothing that a run computes depends on where a state was.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "algorithm/algorithm.h"
#include "record/checkpoint.h"
#include "record/state_store.h"

namespace fedsim {

class ClientStates {
 public:
  static constexpr std::int64_t most_in_checkpoint = 16 << 20;  // bytes

  /// `budget` in bytes of memory; `store` is made when it is first needed.
  ClientStates(std::filesystem::path store, std::int64_t budget);

  /// A copy of a client's state, empty for one that has none. From any thread, but not during a commit.
  ClientState of(std::int64_t client) const;
  /// The states that a round changed. Throws OutputError of the store.
  void commit(std::int64_t round, ClientStateMap changed);

  /// Puts the states, or where they are, into a checkpoint; `saved` once that is on the disk.
  void save(Checkpoint& checkpoint) const;
  void saved(std::int64_t round);
  /// As of a checkpoint; its states are taken out of it.
  void restore(Checkpoint& checkpoint);
  /// Removes the store of an earlier run.
  void remove_store();

 private:
  void keep(std::int64_t client, ClientState state);
  void open_store(std::int64_t round);

  std::filesystem::path path_;
  std::int64_t budget_;
  ClientStateMap memory_;  // without a store: all; with one: some of them
  std::int64_t bytes_ = 0;   // of memory_
  std::unique_ptr<StateStore> store_;
};

/// Bytes of memory that a state takes.
std::int64_t bytes_of(const ClientState& state);

}  // namespace fedsim
