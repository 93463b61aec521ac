#include "record/result_writer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>

#include "core/hdf5/file.h"
#include "record/content_hash.h"
#include "record/live_log.h"
#include "record/partition_tables.h"
#include "record/run_lock.h"
#include "record/system.h"
#include "record/tables.h"

namespace fedsim {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t format_version = 1;
constexpr std::chrono::seconds longest_unsynced{1};  // what a loss of power may take

fs::path part_of(const fs::path& path) { return path.string() + ".part"; }
fs::path aside_of(const fs::path& path) { return path.string() + ".part.tmp"; }

void check_folder(const fs::path& path) {
  const auto folder = folder_of(path);
  std::error_code problem;
  if (!fs::is_directory(folder, problem))
    throw OutputError(fmt::format("{}: the folder {} does not exist\n  help: mkdir -p {}", path.string(),
                                  folder.string(), folder.string()));
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    throw OutputError(fmt::format("{}: the folder {} is not writable", path.string(), folder.string()));
}

void check_absent(const fs::path& path) {
  for (const auto& taken : {path, part_of(path)}) {
    std::error_code problem;
    if (fs::symlink_status(taken, problem).type() == fs::file_type::not_found) continue;
    const char* what = taken == path ? "exists already" : "is what an interrupted run left";
    throw OutputError(
        fmt::format("{} {}\n  help: --force replaces it, --resume goes on from it, -o FILE names another",
                    taken.string(), what));
  }
}

const ResultHeader& checked(const ResultHeader& header) {
  std::signal(SIGXFSZ, SIG_IGN);  // the limit of file sizes then is EFBIG, which HDF5 reports
  check_folder(header.path);
  return header;
}

}  // namespace

struct ResultWriter::Impl {
  explicit Impl(const ResultHeader& given);
  hdf5::File create() const;
  void set(const std::string& name, const hdf5::AttributeValue& value);
  void set_hash();
  void set_all();
  void publish();
  void take_over();
  void add(const RoundRow& row, std::span<const ClientRow> clients);
  void commit();
  void sync();
  void sync_before(Clock::duration next);
  void commit_before(Clock::duration pause);
  void go_on_in_copy();
  void grow(std::size_t client_rows);
  void finish(const std::string& status, const Vec& model);
  std::string safe_rounds() const;
  template <class Work>
  void guard(Work work);

  ResultHeader header;
  RunLock lock;
  hdf5::File file;
  ContentHash hash;
  std::optional<RoundTable> rounds;
  std::optional<ClientTable> clients;
  std::optional<LiveLog> log;
  std::int64_t committed = 0, synced_rounds = 0;
  std::vector<RoundRow> waiting;  // rounds after those
  std::vector<ClientRow> waiting_clients;
  bool published = false, finished = false, failed = false;
  Clock::time_point committed_at{}, synced = Clock::now();
  Clock::duration wait = worth_a_commit;  // for the next commit
};

ResultWriter::Impl::Impl(const ResultHeader& given)
    : header(checked(given)), lock(beside(header.path, ".lock")), file(create()) {
  try {
    guard([&] {
      set_all();
      auto root = file.root();
      rounds.emplace(root, header.rounds, hash);
      if (header.client_rows)
        clients.emplace(root, header.rounds * header.cohort, static_cast<std::int64_t>(header.taken_clients.size()), hash);
      file.flush();
      log.emplace(beside(header.path, ".jsonl"));
      take_over();
    });
  } catch (...) {
    std::error_code ignored;
    fs::remove(aside_of(header.path), ignored);
    throw;
  }
}

hdf5::File ResultWriter::Impl::create() const {
  if (!header.force) check_absent(header.path);
  std::error_code ignored;
  fs::remove(aside_of(header.path), ignored);  // left by a run that was killed; the lock is ours
  return hdf5::File::create(aside_of(header.path));
}

void ResultWriter::Impl::set(const std::string& name, const hdf5::AttributeValue& value) {
  file.root().set(name, value);
  hash.set("/", name, value);
}

void ResultWriter::Impl::set_hash() { file.root().set_in_place("content_hash", hash.hex()); }

void ResultWriter::Impl::set_all() {
  set("format", "fedsim-result");
  set("format_version", format_version);
  set("status", "running");
  set("host", host_name());
  set("started", utc_now());
  set("finished", "");
  for (const auto& attribute : header.attributes)
    std::visit([&](const auto& value) { set(attribute.first, value); }, attribute.second);
  set("committed_rounds", std::int64_t{0});
  set_hash();
}

// Whatever fails leaves the file as it was committed last, and says so.
template <class Work>
void ResultWriter::Impl::guard(Work work) {
  try {
    work();
  } catch (const Error& error) {
    file.abandon();
    failed = true;
    throw OutputError(fmt::format("{}\n  note: {}", error.what(), safe_rounds()));
  } catch (...) {  // out of memory, say: what was half done must not be gone on with
    file.abandon();
    failed = true;
    throw;
  }
}

std::string ResultWriter::Impl::safe_rounds() const {
  if (committed == 0 || !published) return "nothing was committed";
  return fmt::format("rounds 0 to {} are safe in {}", committed - 1, part_of(header.path).string());
}

void ResultWriter::Impl::take_over() {
  rounds->write(header.taken_rounds, hash);
  log->add(header.taken_rounds);
  committed += std::ssize(header.taken_rounds);
  if (clients && !header.taken_clients.empty()) clients->write(header.taken_clients, hash);
  if (committed > 0) set("committed_rounds", committed);
}

// The file gets the name that others look for only once it is whole.
void ResultWriter::Impl::publish() {
  if (published) return;
  set_hash();
  sync();
  file.rename(part_of(header.path));
  sync_folder(folder_of(header.path));
  published = true;
}

void ResultWriter::Impl::add(const RoundRow& row, std::span<const ClientRow> client_rows) {
  if (row.round != committed + std::ssize(waiting) || row.round > header.rounds)
    throw std::logic_error(fmt::format("round {} is not the next of {}", row.round, header.rounds));
  waiting.push_back(row);
  if (clients) waiting_clients.insert(waiting_clients.end(), client_rows.begin(), client_rows.end());
  if (!published || Clock::now() - committed_at >= wait) commit();
}

void ResultWriter::Impl::commit() {
  if (waiting.empty()) return;
  guard([&] {
    if (clients && !clients->fits(waiting_clients.size())) grow(waiting_clients.size());
    const auto begin = Clock::now();
    rounds->write(waiting, hash);
    if (clients) clients->write(waiting_clients, hash);
    // The values are in the kernel before anything says that they count.
    file.flush();
    set("committed_rounds", committed + std::ssize(waiting));
    set_hash();
    file.flush();
    committed += std::ssize(waiting);
    if (!published) publish();
    log->add(waiting);
    wait = std::clamp<Clock::duration>(100 * (Clock::now() - begin), worth_a_commit, longest_wait);
    sync_before(std::max(wait, begin - std::max(committed_at, synced)));  // the next one comes then, as the last rounds did
  });
  waiting.clear();
  waiting_clients.clear();
  committed_at = Clock::now();
}

void ResultWriter::Impl::sync() {
  file.sync();
  synced = Clock::now();
  synced_rounds = committed;
}

/// Syncs the disk where `next`, from now, would be too late.
void ResultWriter::Impl::sync_before(Clock::duration next) {
  if (synced_rounds != committed && Clock::now() - synced + next >= longest_unsynced) sync();
}

void ResultWriter::Impl::commit_before(Clock::duration pause) {
  if (Clock::now() - committed_at + pause > wait) commit();
  guard([&] { sync_before(pause); });
}

// Whatever changes the structure of the file is done in a copy, which then takes its name: a kill at any time
// finds the old or the new file, whole.
void ResultWriter::Impl::go_on_in_copy() {
  const fs::path part = part_of(header.path), aside = aside_of(header.path);
  publish();
  file.close();
  std::error_code problem;
  fs::copy_file(part, aside, fs::copy_options::overwrite_existing, problem);
  if (problem) throw OutputError(fmt::format("{}: can't write it: {}", aside.string(), problem.message()));
  file = hdf5::File::open_to_write(aside);
}

void ResultWriter::Impl::grow(std::size_t client_rows) {
  go_on_in_copy();
  rounds->reopen(file.root());
  clients->reopen_larger(file.root(), client_rows);
  sync();
  file.rename(part_of(header.path));
}

void ResultWriter::Impl::finish(const std::string& status, const Vec& model) {
  commit();
  guard([&] {
    go_on_in_copy();
    auto root = file.root();
    cut_to_committed(root, committed);
    write_model(root, header.tensors, model, hash);
    set("status", status);
    set("finished", utc_now());
    set_hash();
    file.sync();
    file.close();
    file.rename(header.path);
    sync_folder(folder_of(header.path));
    std::error_code ignored;
    fs::remove(part_of(header.path), ignored);  // the result is whole without it
  });
  finished = true;
}

ResultWriter::ResultWriter(const ResultHeader& header) : impl_(std::make_unique<Impl>(header)) {}

ResultWriter::~ResultWriter() {
  std::error_code ignored;
  try {
    if (!impl_->failed) impl_->commit();  // the run ends in an error of another kind
  } catch (...) {
  }
  const bool nothing = impl_->committed == 0 && !impl_->finished;
  const auto path = impl_->header.path;
  impl_->file.abandon();  // everything that counts is flushed
  std::filesystem::remove(aside_of(path), ignored);
  if (!nothing) return;
  // Nothing of worth was recorded: leave no trace, so that the next start is not refused.
  if (impl_->published) std::filesystem::remove(part_of(path), ignored);
  std::filesystem::remove(beside(path, ".jsonl"), ignored);
}

void ResultWriter::partition(const Partition& partition, const Dataset& data) {
  impl_->guard([&] {
    write_partition(impl_->file.root(), partition, data, impl_->hash);
    impl_->publish();
  });
}

void ResultWriter::add(const RoundRow& row, std::span<const ClientRow> clients) { impl_->add(row, clients); }

void ResultWriter::commit_before(double seconds) {
  impl_->commit_before(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds)));
}

void ResultWriter::commit() { impl_->commit(); }

std::int64_t ResultWriter::committed() const { return impl_->committed; }

void ResultWriter::sync() {
  commit();
  impl_->guard([&] { impl_->sync(); });
}

void ResultWriter::finish(const std::string& status, const Vec& model) { impl_->finish(status, model); }

}  // namespace fedsim
