// The result file: interface section "Result file". Default HDF5 format, all rows allocated at the start,
// flushed every round, or once or more a second, with `committed_rounds` last; NAME.jsonl grows beside it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/vec.h"
#include "data/dataset.h"
#include "partition/partition.h"

namespace fedsim {

inline constexpr double not_evaluated = std::numeric_limits<double>::quiet_NaN();

struct RoundRow {
  std::int64_t round = 0;
  double test_accuracy = not_evaluated, test_loss = not_evaluated, train_loss = not_evaluated;
  std::int64_t clients = 0, dropped = 0, bytes_up = 0, bytes_down = 0;
  // `seconds` since the row before had its own, so with its recording and checkpoint; the first of a run: since that began.
  double seconds = 0, seconds_train = 0, seconds_aggregate = 0, seconds_evaluate = 0;
  double simulated_seconds = 0;
  double update_norm = not_evaluated;  // of the aggregate, before the server step
  std::int64_t nonfinite = 0;          // updates dropped because a value was not finite
};

enum class ClientStatus : std::int8_t { reported = 0, dropped_out = 1, nonfinite = 2, late = 3 };

struct ClientRow {
  std::int64_t round = 0, client = 0, samples = 0, steps = 0;
  double train_loss = 0, update_norm = 0;
  std::int64_t bytes_up = 0, bytes_down = 0;
  ClientStatus status = ClientStatus::reported;
};

struct ResultHeader {
  std::filesystem::path path;  // NAME.h5; written as NAME.h5.part until complete
  std::int64_t rounds = 0;     // R: rows 0..R
  bool force = false;          // replace an existing result
  bool client_rows = true;     // [output] per_client
  /// Rows of /clients that a round is expected to add: their space is taken at the start. 0: not known.
  std::int64_t cohort = 0;
  /// Attributes of "/" beyond those the writer sets itself (format, format_version, status, committed_rounds,
  /// content_hash, started, finished, host): config, config_hash, source_config, seed, trainer, device, ...
  std::map<std::string, std::variant<std::string, std::int64_t, double>> attributes;
  struct Tensor {
    std::string name;
    Shape shape;
  };
  std::vector<Tensor> tensors;  // of the model, in order of the flat vector
  /// Rows of an interrupted run that goes on: rounds in order from 0. They are in the file before it is seen.
  std::vector<RoundRow> taken_rounds;
  std::vector<ClientRow> taken_clients;
};

class ResultWriter {
 public:
  /// Rows, two flushes and lines in the log take a millisecond or two: rounds that are shorter than this share them, and
  /// where they take more than a hundredth of it, so that they are no more of a run, those of up to a second.
  static constexpr std::chrono::milliseconds worth_a_commit{50}, longest_wait{1000};

  /// Checks and creates the file aside, whole, before any training. Throws OutputError: exists (names --force
  /// and
  /// --resume), missing folder, not writable, held by another run (who holds it), no space.
  /// NAME.lock is held until this object goes. Sets SIGXFSZ to be ignored: a file-size limit is an error
  /// then.
  explicit ResultWriter(const ResultHeader& header);
  ~ResultWriter();  // an unfinished file stays as NAME.h5.part with what was committed, or waited to be
  /// /partition. label_counts is left out where `labels` is empty, indices and offsets where generated on
  /// draw.
  void partition(const Partition& partition, const Dataset& data);
  /// Adds one round, rounds in order from 0. It is committed at once, or where little has passed since the last commit (see
  /// worth_a_commit) with the rounds after it. Throws OutputError (disk full, ...) naming the file and the rounds that are
  /// safe.
  void add(const RoundRow& row, std::span<const ClientRow> clients);
  /// To be called before a pause of so many seconds: commits what would wait longer than rounds wait for each other, and syncs
  /// the disk where what is committed would wait longer than a second for that.
  void commit_before(double seconds);
  /// Commits what was added: when it returns, the rows survive a kill -9; a power loss takes about the last second.
  void commit();
  std::int64_t committed() const;  // rows, that of round 0 included
  /// Commits, and the rows are on the disk when it returns: call it before a checkpoint that counts on them.
  void sync();
  /// Writes the model and the status ("complete", "stopped", "diverged"), cuts to the committed rows where
  /// fewer than R+1, and renames to NAME.h5. Works on a copy: whatever goes wrong, NAME.h5.part stays as
  /// committed.
  void finish(const std::string& status, const Vec& model);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fedsim
