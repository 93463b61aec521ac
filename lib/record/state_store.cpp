#include "record/state_store.h"

#include <fmt/format.h>
#include <lmdb.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <random>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "record/bytes.h"
#include "record/system.h"

namespace fedsim {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view id_key = "id";
constexpr std::size_t hash_bytes = 32;                    // hex digits kept of a value's hash
constexpr std::size_t first_map = std::size_t{16} << 20;  // bytes of address space; doubled when they are used up
constexpr std::int64_t page = 4096;                       // bytes
constexpr std::int64_t touched_a_read = 192 << 10;        // two levels of the tree and the value: 64 KiB around each page read

/// (client, round), big endian: in the order of the bytes, as LMDB sorts them.
using Key = std::array<char, 16>;

Key key_of(std::int64_t client, std::int64_t round) {
  Key key;
  for (std::size_t i = 0; i < 8; ++i) {
    key[i] = static_cast<char>(static_cast<std::uint64_t>(client) >> (56 - 8 * i));
    key[8 + i] = static_cast<char>(static_cast<std::uint64_t>(round) >> (56 - 8 * i));
  }
  return key;
}

std::int64_t number_at(const MDB_val& key, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i)
    number = number << 8 | static_cast<unsigned char>(static_cast<const char*>(key.mv_data)[at + i]);
  return static_cast<std::int64_t>(number);
}
bool is_state(const MDB_val& key) { return key.mv_size == sizeof(Key); }
std::int64_t client_of(const MDB_val& key) { return number_at(key, 0); }
std::int64_t round_of(const MDB_val& key) { return number_at(key, 8); }

MDB_val value_of(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
std::string_view text_of(const MDB_val& value) { return {static_cast<const char*>(value.mv_data), value.mv_size}; }

std::string hash_of(const MDB_val& key, std::string_view payload) {
  return Hash().add(text_of(key)).add(payload).hex().substr(0, hash_bytes);
}

std::string random_id() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device());
}

struct CloseEnvironment {
  void operator()(MDB_env* env) const { mdb_env_close(env); }
};
struct AbortTransaction {
  void operator()(MDB_txn* txn) const { mdb_txn_abort(txn); }
};
struct CloseCursor {
  void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
};
using Transaction = std::unique_ptr<MDB_txn, AbortTransaction>;
using Cursor = std::unique_ptr<MDB_cursor, CloseCursor>;

}  // namespace

struct StateStore::Impl {
  Impl(fs::path file, std::int64_t memory)
      : path(std::move(file)), most_touched(memory / 2), most_a_transaction(memory / 2) {}
  void open();
  Transaction begin(unsigned flags) const;
  Cursor cursor(MDB_txn* txn) const;
  void end(Transaction txn) const;
  void identify(const std::string& expected);
  void rewind(std::int64_t round);
  void put(MDB_txn* txn, std::int64_t client, std::int64_t round, const ClientState& state);
  void drop_unneeded(MDB_txn* txn, std::int64_t client, std::int64_t round);
  void put_all(std::int64_t round, ClientStateMap::const_iterator from, ClientStateMap::const_iterator to);
  void resize(std::size_t bytes);
  void touch(const MDB_val& value);
  [[noreturn]] void fail(const std::string& what) const;
  void check(int code, const char* what) const {
    if (code == MDB_MAP_FULL) throw MapFull();
    if (code != MDB_SUCCESS) fail(fmt::format("can't {}: {}", what, mdb_strerror(code)));
  }
  struct MapFull {};

  fs::path path;
  std::int64_t most_touched;        // bytes read through the map that may stay in our memory
  std::int64_t most_a_transaction;  // bytes of pages: LMDB holds those that it changes until it commits
  std::unique_ptr<MDB_env, CloseEnvironment> env;
  MDB_dbi dbi = 0;
  std::string id;
  std::int64_t newest = -1, previous = -1;  // rounds of the checkpoints that can be gone back to
  std::size_t map_bytes = first_map;
  std::atomic<std::int64_t> touched{0};
};

void StateStore::Impl::fail(const std::string& what) const {
  throw OutputError(fmt::format("{}: {}", path.string(), what));
}

// No lock file: the run holds NAME.lock, and nobody reads while the one writer commits.
void StateStore::Impl::open() {
  MDB_env* made = nullptr;
  check(mdb_env_create(&made), "open it");
  env.reset(made);
  check(mdb_env_set_mapsize(made, map_bytes), "set its size");
  check(mdb_env_open(made, path.c_str(), MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOTLS | MDB_NORDAHEAD, 0644), "open it");
  Transaction txn = begin(0);
  check(mdb_dbi_open(txn.get(), nullptr, 0, &dbi), "open it");
  end(std::move(txn));
}

Transaction StateStore::Impl::begin(unsigned flags) const {
  MDB_txn* txn = nullptr;
  check(mdb_txn_begin(env.get(), nullptr, flags, &txn), "begin a transaction");
  return Transaction(txn);
}

Cursor StateStore::Impl::cursor(MDB_txn* txn) const {
  MDB_cursor* made = nullptr;
  check(mdb_cursor_open(txn, dbi, &made), "read it");
  return Cursor(made);
}

void StateStore::Impl::end(Transaction txn) const { check(mdb_txn_commit(txn.release()), "write it"); }

// Another size, or the same: the map is made anew, and what was read through the old one leaves our memory.
void StateStore::Impl::resize(std::size_t bytes) {
  const int code = mdb_env_set_mapsize(env.get(), bytes);
  if (code != MDB_SUCCESS) fail(fmt::format("can't map {} bytes of it: {}", bytes, mdb_strerror(code)));
  map_bytes = bytes;
}

// What is read through the map stays in our memory until it is let go; then the kernel's cache has it. LMDB does not tell where
// its map lies, the kernel does. Others may be reading: they get their pages again.
void StateStore::Impl::touch(const MDB_val& value) {
  touched += std::max(touched_a_read, static_cast<std::int64_t>(value.mv_size));
  if (touched <= most_touched) return;
  touched = 0;
  const auto inside = reinterpret_cast<std::uintptr_t>(value.mv_data);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0, end = 0;
    char access[5] = "";
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %4s", &begin, &end, access) != 3) continue;
    const bool shared = access[3] == 's';  // else a page that this transaction has changed: its only copy
    if (shared && begin <= inside && inside < end)
      ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
}

void StateStore::Impl::identify(const std::string& expected) {
  const Transaction txn = begin(MDB_RDONLY);
  MDB_val key = value_of(id_key), value{};
  const int code = mdb_get(txn.get(), dbi, &key, &value);
  if (code != MDB_NOTFOUND) check(code, "read it");
  if (code == MDB_NOTFOUND || text_of(value) != expected)
    fail("is not the store of client states that the checkpoint refers to\n  help: begin anew with --force");
  id = expected;
}

// What was written after the checkpoint of `round` belongs to rounds that will be run again.
void StateStore::Impl::rewind(std::int64_t round) {
  Transaction txn = begin(0);
  {
    const Cursor all = cursor(txn.get());
    MDB_val key{}, value{};
    int code = mdb_cursor_get(all.get(), &key, &value, MDB_FIRST);
    for (; code == MDB_SUCCESS; code = mdb_cursor_get(all.get(), &key, &value, MDB_NEXT))
      if (is_state(key) && round_of(key) > round) check(mdb_cursor_del(all.get(), 0), "write it");
    if (code != MDB_NOTFOUND) check(code, "read it");
  }
  end(std::move(txn));
}

// Before that of `round` is added: the older versions of the client that neither a checkpoint nor the round's own readers
// need.
void StateStore::Impl::drop_unneeded(MDB_txn* txn, std::int64_t client, std::int64_t round) {
  const Cursor versions = cursor(txn);
  std::vector<std::int64_t> rounds;
  Key from = key_of(client, 0);
  MDB_val key{from.size(), from.data()}, value{};
  int code = mdb_cursor_get(versions.get(), &key, &value, MDB_SET_RANGE);
  if (code == MDB_SUCCESS) touch(value);
  while (code == MDB_SUCCESS && is_state(key) && client_of(key) == client) {
    rounds.push_back(round_of(key));
    code = mdb_cursor_get(versions.get(), &key, &value, MDB_NEXT);
  }
  if (code != MDB_SUCCESS && code != MDB_NOTFOUND) check(code, "read it");
  const auto last_up_to = [&](std::int64_t last) {
    const auto behind = std::upper_bound(rounds.begin(), rounds.end(), last);
    return behind == rounds.begin() ? std::int64_t{-1} : *(behind - 1);
  };
  for (const std::int64_t version : rounds) {
    if (version == last_up_to(newest) || version == last_up_to(previous) || version == last_up_to(round - 1)) continue;
    Key old = key_of(client, version);
    MDB_val old_key{old.size(), old.data()};
    check(mdb_del(txn, dbi, &old_key, nullptr), "write it");
    touched += touched_a_read;
  }
}

void StateStore::Impl::put(MDB_txn* txn, std::int64_t client, std::int64_t round, const ClientState& state) {
  drop_unneeded(txn, client, round);
  ByteWriter payload;
  payload << state.vectors;
  Key bytes = key_of(client, round);
  MDB_val key{bytes.size(), bytes.data()};
  const std::string content = hash_of(key, payload.bytes) + payload.bytes;
  MDB_val value = value_of(content);
  check(mdb_put(txn, dbi, &key, &value, 0), "write it");
}

void StateStore::Impl::put_all(std::int64_t round, ClientStateMap::const_iterator from,
                               ClientStateMap::const_iterator to) {
  for (;;) {
    try {
      Transaction txn = begin(0);
      for (auto each = from; each != to; ++each) put(txn.get(), each->first, round, each->second);
      end(std::move(txn));
      return resize(map_bytes);
    } catch (const MapFull&) {
      resize(2 * map_bytes);  // the transaction is gone, nothing of it was written
    }
  }
}

StateStore::StateStore(const fs::path& path, std::int64_t memory) : impl_(std::make_unique<Impl>(path, memory)) {
  std::error_code problem;
  fs::remove(path, problem);
  if (problem) impl_->fail(fmt::format("can't remove the old one: {}", problem.message()));
  impl_->open();
  impl_->id = random_id();
  Transaction txn = impl_->begin(0);
  MDB_val key = value_of(id_key), value = value_of(impl_->id);
  impl_->check(mdb_put(txn.get(), impl_->dbi, &key, &value, 0), "write it");
  impl_->end(std::move(txn));
  sync_folder(folder_of(path));
}

StateStore::StateStore(const fs::path& path, std::int64_t memory, std::int64_t round, const StoreReference& reference)
    : impl_(std::make_unique<Impl>(path, memory)) {
  std::error_code problem;
  if (!fs::is_regular_file(path, problem))
    impl_->fail("the states of the clients, which the checkpoint refers to, are not there\n"
                "  help: begin anew with --force");
  while (impl_->map_bytes < 2 * fs::file_size(path)) impl_->map_bytes *= 2;
  impl_->open();
  impl_->identify(reference.id);
  impl_->newest = round;
  impl_->previous = reference.previous;
  impl_->rewind(round);
}

StateStore::~StateStore() = default;

std::optional<ClientState> StateStore::find(std::int64_t client, std::int64_t round) const {
  const Transaction txn = impl_->begin(MDB_RDONLY);
  const Cursor versions = impl_->cursor(txn.get());
  // The last key before those of later rounds and of the next client.
  Key behind = key_of(client, round + 1);
  MDB_val key{behind.size(), behind.data()}, value{};
  int code = mdb_cursor_get(versions.get(), &key, &value, MDB_SET_RANGE);
  code = mdb_cursor_get(versions.get(), &key, &value, code == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
  if (code == MDB_SUCCESS) impl_->touch(value);  // the client's own or not
  if (code == MDB_NOTFOUND || (code == MDB_SUCCESS && (!is_state(key) || client_of(key) != client))) return std::nullopt;
  impl_->check(code, "read it");
  const std::string_view content = text_of(value);
  if (content.size() < hash_bytes || hash_of(key, content.substr(hash_bytes)) != content.substr(0, hash_bytes))
    impl_->fail(fmt::format("the state of client {} is damaged (its hash does not match)\n"
                            "  help: begin anew with --force", client));
  ClientState state;
  ByteReader(content.substr(hash_bytes)) >> state.vectors;
  return state;
}

// In pieces: a commit that is cut short leaves states of a round that no checkpoint has, which a resumed run drops. Each
// state costs its own pages and those of the tree on the way to it.
void StateStore::commit(std::int64_t round, const ClientStateMap& changed) {
  for (auto from = changed.begin(); from != changed.end();) {
    auto to = from;
    for (std::int64_t bytes = 0; to != changed.end() && bytes < impl_->most_a_transaction; ++to) {
      bytes += 2 * page;
      for (const auto& [name, vector] : to->second.vectors) bytes += static_cast<std::int64_t>(vector.bytes());
    }
    impl_->put_all(round, from, to);
    from = to;
  }
}

StoreReference StateStore::reference() const { return {impl_->id, impl_->newest}; }

void StateStore::checkpointed(std::int64_t round) {
  impl_->previous = impl_->newest;
  impl_->newest = round;
}

std::int64_t StateStore::stored_bytes(std::int64_t bytes) {
  constexpr std::int64_t head = 128;  // of a value with its key, names and hash
  const std::int64_t all = bytes + head;
  return all <= page / 2 ? all : (all + page - 1) / page * page + head;
}

fs::path store_path(const fs::path& result) { return beside(result, ".state"); }

}  // namespace fedsim
