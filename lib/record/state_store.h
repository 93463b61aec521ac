// The states of clients on disk: NAME.state beside the result, an LMDB file, for more of them than memory shall hold.
//
// A state is kept under (client, round of its last change). A checkpoint does not hold such states, it names its round:
// the state of a client then is the one with the largest round up to it. Of each client at most four versions stay: that
// of the last two checkpoints, which may both be needed, that before the round that runs, and that round's. What a killed
// run wrote behind its last checkpoint is removed when that one is opened again. A commit is a few transactions, each
// synced. Each value carries a hash of itself and of its key.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "algorithm/algorithm.h"

namespace fedsim {

/// Which rounds can still be gone back to, and in which file.
struct StoreReference {
  std::string id;              // of the file, drawn when it was made; empty: no store
  std::int64_t previous = -1;  // round of the checkpoint before; -1: none refers to the store
};

class StateStore {
 public:
  static constexpr std::int64_t least_memory = 4 << 20;  // bytes
  static constexpr std::int64_t most_versions = 4;       // of a client

  /// A new, empty file; one that was there is replaced. `memory`: about how many bytes of it and of changes may be in
  /// memory at a time, at least `least_memory`. Errors of every function: OutputError naming the file.
  StateStore(const std::filesystem::path& path, std::int64_t memory);
  /// The file as of the checkpoint of `round`, which referred to it by `reference`.
  StateStore(const std::filesystem::path& path, std::int64_t memory, std::int64_t round, const StoreReference& reference);
  ~StateStore();

  /// A client's state at the end of `round`; nothing where it has none. From any thread, but not during a commit.
  std::optional<ClientState> find(std::int64_t client, std::int64_t round) const;
  /// Adds the states that a round changed. They are on the disk when it returns.
  void commit(std::int64_t round, const ClientStateMap& changed);

  /// For a checkpoint that is about to be written.
  StoreReference reference() const;
  /// That checkpoint is on the disk: of the older ones only the one before it can still be gone back to.
  void checkpointed(std::int64_t round);

  /// Bytes on disk of a state of `bytes`, whole pages from half a page on.
  static std::int64_t stored_bytes(std::int64_t bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// NAME.h5 -> NAME.state
std::filesystem::path store_path(const std::filesystem::path& result);

}  // namespace fedsim
