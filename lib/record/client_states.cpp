#include "record/client_states.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "core/error.h"

namespace fedsim {

std::int64_t bytes_of(const ClientState& state) {
  constexpr std::int64_t node = 128;  // of a map, with what the allocator adds
  std::int64_t bytes = node;
  for (const auto& [name, vector] : state.vectors) bytes += node + static_cast<std::int64_t>(vector.bytes());
  return bytes;
}

// With a store: a part of the budget is what LMDB takes of the process's memory, a part what waits to be written.
ClientStates::ClientStates(std::filesystem::path store, std::int64_t budget)
    : path_(std::move(store)),
      budget_(budget),
      store_share_(std::clamp<std::int64_t>(budget * 3 / 8, StateStore::least_memory, 48 << 20)),
      waiting_share_(store_share_ / 4),
      memory_share_(std::max<std::int64_t>(0, budget - store_share_ - waiting_share_)) {}

ClientState ClientStates::of(std::int64_t client) const {
  const std::shared_lock reading(mutex_);
  if (const auto known = memory_.find(client); known != memory_.end()) return known->second;
  if (!store_) return {};
  return store_->find(client, committed_).value_or(ClientState{});
}

void ClientStates::forget(std::int64_t client) {
  const auto known = memory_.find(client);
  if (known == memory_.end()) return;
  bytes_ -= bytes_of(known->second);
  memory_.erase(known);
}

void ClientStates::keep(std::int64_t client, ClientState state) {
  forget(client);
  const std::int64_t bytes = bytes_of(state);
  if (store_ && bytes_ + bytes > memory_share_) return;
  memory_.emplace(client, std::move(state));
  bytes_ += bytes;
}

void ClientStates::open_store() {
  store_ = std::make_unique<StateStore>(path_, store_share_);
  store_->commit(committed_, memory_);
  while (bytes_ > memory_share_) forget(memory_.begin()->first);
}

// What memory has of these clients is older from then on.
void ClientStates::spill(std::int64_t round) {
  store_->commit(round, waiting_);
  for (const auto& [client, state] : waiting_) forget(client);
  waiting_.clear();
  waiting_bytes_ = new_bytes_ = 0;
}

void ClientStates::put(std::int64_t round, std::int64_t client, ClientState state) {
  const std::unique_lock writing(mutex_);
  const std::int64_t bytes = bytes_of(state);
  waiting_bytes_ += bytes;
  if (!memory_.contains(client)) new_bytes_ += bytes;
  waiting_.emplace(client, std::move(state));
  if (!store_ && bytes_ + new_bytes_ > std::min(budget_, most_in_checkpoint)) open_store();
  if (store_ && waiting_bytes_ > waiting_share_ && bytes_ + waiting_bytes_ > memory_share_) spill(round);
}

void ClientStates::commit(std::int64_t round) {
  const std::unique_lock writing(mutex_);
  if (store_) store_->commit(round, waiting_);
  for (auto& [client, state] : waiting_) keep(client, std::move(state));
  waiting_.clear();
  waiting_bytes_ = new_bytes_ = 0;
  committed_ = round;
}

void ClientStates::save(Checkpoint& checkpoint) const {
  if (store_)
    checkpoint.store = store_->reference();
  else
    checkpoint.clients = memory_;
}

void ClientStates::saved(std::int64_t round) {
  if (store_) store_->checkpointed(round);
}

void ClientStates::restore(Checkpoint& checkpoint) {
  if (!checkpoint.store.id.empty())
    store_ = std::make_unique<StateStore>(path_, store_share_, checkpoint.round, checkpoint.store);
  committed_ = checkpoint.round;
  for (auto& [client, state] : checkpoint.clients) keep(client, std::move(state));
  checkpoint.clients.clear();
}

void ClientStates::remove_store() {
  std::error_code problem;
  std::filesystem::remove(path_, problem);
  if (problem) throw OutputError(fmt::format("cannot remove {}: {}", path_.string(), problem.message()));
}

}  // namespace fedsim
