// Checkpoints: everything a run needs to go on as if it had never stopped. One file, never in place: written aside,
// fsynced, renamed; the one before is kept beside it.
//
// Layout, little endian: "FEDSIMCK", u32 format version, then fields as written by checkpoint.cpp (strings and arrays
// with their u64 length first), then the BLAKE2b-256 of all that in hex (64 bytes). Nothing in it is ever executed. Older
// versions are read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "algorithm/algorithm.h"
#include "record/state_store.h"

namespace fedsim {

struct Checkpoint {
  std::string config_hash;  // without name, rounds, threads, [output]
  std::string config;       // resolved, for the difference that an error shows
  std::string fedsim_version, libtorch_version, trainer, device, isa;
  std::string resumed_on;   // a line for each --resume on another machine, as the attribute /resumed_on
  std::int64_t round = 0;   // the last round in it; rows committed = round + 1
  bool fell_back = false;   // read, and the newest one was bad
  State state;
  ClientStateMap clients;  // empty where they are in the store:
  StoreReference store;
};

/// NAME.h5 -> NAME.ckpt; the one before it is NAME.ckpt.previous.
std::filesystem::path checkpoint_path(const std::filesystem::path& result);

/// Throws OutputError naming the file; the checkpoints that were there stay intact.
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

/// The newest checkpoint that is whole; a bad newest one is told to `warn` and the one before it is taken. Nothing where
/// there is none. OutputError where there are files but none is whole, or one is of a newer format.
std::optional<Checkpoint> read_checkpoint(const std::filesystem::path& path,
                                          const std::function<void(const std::string&)>& warn);

/// Removes the newest checkpoint, which was bad, so that the next one does not take the place of the good one before it.
void remove_newest_checkpoint(const std::filesystem::path& path);

/// Removes a run's checkpoints (before a run starts afresh).
void remove_checkpoints(const std::filesystem::path& path);

}  // namespace fedsim
