#include "record/client_states.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace fedsim {

std::int64_t bytes_of(const ClientState& state) {
  constexpr std::int64_t node = 128;  // of a map, with what the allocator adds
  std::int64_t bytes = node;
  for (const auto& [name, vector] : state.vectors) bytes += node + static_cast<std::int64_t>(vector.bytes());
  return bytes;
}

ClientStates::ClientStates(std::filesystem::path store, std::int64_t budget) : path_(std::move(store)), budget_(budget) {}

ClientState ClientStates::of(std::int64_t client) const {
  if (const auto known = memory_.find(client); known != memory_.end()) return known->second;
  if (!store_) return {};
  return store_->find(client).value_or(ClientState{});
}

void ClientStates::keep(std::int64_t client, ClientState state) {
  const std::int64_t bytes = bytes_of(state);
  const auto known = memory_.find(client);
  if (known != memory_.end()) bytes_ -= bytes_of(known->second);
  if (!store_ || bytes_ + bytes <= budget_) {
    memory_.insert_or_assign(client, std::move(state));
    bytes_ += bytes;
  } else if (known != memory_.end()) {
    memory_.erase(known);
  }
}

void ClientStates::open_store(std::int64_t round) {
  store_ = std::make_unique<StateStore>(path_);
  store_->commit(round, memory_);
  while (bytes_ > budget_) {
    bytes_ -= bytes_of(memory_.begin()->second);
    memory_.erase(memory_.begin());
  }
}

void ClientStates::commit(std::int64_t round, ClientStateMap changed) {
  if (changed.empty()) return;
  if (!store_) {
    std::int64_t bytes = bytes_;
    for (const auto& [client, state] : changed)
      if (!memory_.contains(client)) bytes += bytes_of(state);
    if (bytes > std::min(budget_, most_in_checkpoint)) open_store(round);
  }
  if (store_) store_->commit(round, changed);
  for (auto& [client, state] : changed) keep(client, std::move(state));
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
  if (!checkpoint.store.id.empty()) store_ = std::make_unique<StateStore>(path_, checkpoint.round, checkpoint.store);
  for (auto& [client, state] : checkpoint.clients) keep(client, std::move(state));
  checkpoint.clients.clear();
}

void ClientStates::remove_store() {
  std::error_code problem;
  std::filesystem::remove(path_, problem);
  if (problem) throw OutputError(fmt::format("cannot remove {}: {}", path_.string(), problem.message()));
}

}  // namespace fedsim
