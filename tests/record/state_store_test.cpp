// The store of client states: whatever a run does and wherever it is killed, a checkpoint finds the states of its round.
#include "record/state_store.h"

#include <algorithm>
#include <fstream>
#include <map>

#include "catch.hpp"
#include "core/error.h"
#include "core/random.h"
#include "record/client_states.h"
#include "temporary_folder.hpp"

using namespace fedsim;

namespace {

/// d values that say whose state it is and since when.
ClientState state_of(std::int64_t client, std::int64_t round, std::size_t d = 3) {
  ClientState state;
  Vec values(d, Dtype::float64);
  for (std::size_t i = 0; i < d; ++i) values.set(i, static_cast<double>(1000 * client + round) + 0.5 * static_cast<double>(i));
  state.vectors["c"] = values;
  return state;
}

bool same(const ClientState& a, const ClientState& b) { return a.vectors == b.vectors; }

/// A run as its clients' states see it: rounds that change some, checkpoints, and what each checkpoint must give back.
class Run {
 public:
  explicit Run(const TemporaryFolder& folder, std::int64_t budget) : path_(folder / "run.state"), budget_(budget) {
    states_ = std::make_unique<ClientStates>(path_, budget_);
  }
  void round(Random& random, std::int64_t clients) {
    ClientStateMap changed;
    ++round_;
    for (int i = 0; i < 5; ++i) {
      const auto client = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(clients)));
      changed[client] = state_of(client, round_, client % 3 == 0 ? 1500 : 3);  // some are larger than a page
      now_[client] = round_;
    }
    for (auto& [client, state] : changed) states_->put(round_, client, std::move(state));
    states_->commit(round_);
  }
  void checkpoint() {
    Checkpoint saved;
    saved.round = round_;
    states_->save(saved);
    states_->saved(round_);
    kept_.push_back({saved, now_});
    if (kept_.size() > 2) kept_.erase(kept_.begin());
  }
  /// Killed: goes on from the newest checkpoint or, where that is bad, from the one before.
  void kill(bool newest) {
    states_.reset();
    states_ = std::make_unique<ClientStates>(path_, budget_);
    if (kept_.empty()) return begin_anew();
    if (!newest) {
      if (kept_.size() < 2) return begin_anew();
      kept_.pop_back();
    }
    Checkpoint from = kept_.back().checkpoint;
    round_ = from.round;
    now_ = kept_.back().rounds;
    states_->restore(from);
  }
  void check(std::int64_t clients) const {
    for (std::int64_t k = 0; k < clients; ++k) {
      const auto known = now_.find(k);
      const ClientState expected = known == now_.end() ? ClientState{} : state_of(k, known->second, k % 3 == 0 ? 1500 : 3);
      CHECK(same(states_->of(k), expected));
    }
  }

 private:
  void begin_anew() {
    states_->remove_store();
    kept_.clear();
    now_.clear();
    round_ = 0;
  }
  struct Kept {
    Checkpoint checkpoint;
    std::map<std::int64_t, std::int64_t> rounds;  // of the last change, by client
  };
  std::filesystem::path path_;
  std::int64_t budget_;
  std::unique_ptr<ClientStates> states_;
  std::vector<Kept> kept_;
  std::map<std::int64_t, std::int64_t> now_;
  std::int64_t round_ = 0;
};

}  // namespace

TEST_CASE("client states: a random run with kills always goes on with the states of its checkpoint") {
  constexpr std::int64_t clients = 30;
  // Nothing in memory, a few states, about half of them, all.
  for (const std::int64_t budget : {std::int64_t{0}, std::int64_t{2000}, std::int64_t{70'000}, std::int64_t{1} << 30}) {
    const TemporaryFolder folder;
    Run run(folder, budget);
    Random random(static_cast<std::uint64_t>(budget) + 1, Purpose::data);
    for (int event = 0; event < 120; ++event) {
      INFO("budget " << budget << ", event " << event);
      const auto kind = random.below(10);
      if (kind < 6)
        run.round(random, clients);
      else if (kind < 8)
        run.checkpoint();
      else
        run.kill(kind == 8);
      if (event % 10 == 0 || kind >= 8) run.check(clients);
    }
    CHECK(std::filesystem::exists(folder / "run.state") == (budget < (1 << 30)));
  }
}

TEST_CASE("client states: a round larger than the budget is not seen before it is committed, nor once it is dropped") {
  constexpr std::int64_t clients = 400;
  constexpr std::size_t d = 1500;  // 12 KB a client, 4.8 MB a round
  const TemporaryFolder folder;
  const auto make = [&] { return std::make_unique<ClientStates>(folder / "run.state", 0); };
  auto states = make();
  const auto put = [&](std::int64_t round, std::int64_t least, std::int64_t most) {
    for (std::int64_t k = least; k < most; ++k) states->put(round, k, state_of(k, round, d));
  };
  const auto all_are_of = [&](std::int64_t round) {
    for (std::int64_t k = 0; k < clients; ++k)
      if (!same(states->of(k), round == 0 ? ClientState{} : state_of(k, round, d))) return false;
    return true;
  };
  put(1, 0, clients);
  CHECK(std::filesystem::file_size(folder / "run.state") > 3'000'000);  // though the round has not ended
  CHECK(all_are_of(0));
  states->commit(1);
  CHECK(all_are_of(1));
  Checkpoint saved;
  saved.round = 1;
  states->save(saved);
  states->saved(1);
  for (std::int64_t round = 2; round <= 4; ++round) {
    put(round, 0, clients);
    CHECK(all_are_of(round - 1));
    states->commit(round);
    CHECK(all_are_of(round));
  }
  put(5, 0, clients / 2);  // and killed
  states = make();
  states->restore(saved);
  CHECK(all_are_of(1));
}

TEST_CASE("client states: what replaces a state takes no more room than that") {
  const TemporaryFolder folder;
  ClientStates states(folder / "run.state", std::int64_t{1} << 30);
  constexpr std::int64_t clients = 100;
  constexpr std::size_t d = 15'000;  // 120 KB: 12 MB in all, where 16 need no store
  for (std::int64_t round = 1; round <= 3; ++round) {
    for (std::int64_t k = 0; k < clients; ++k) states.put(round, k, state_of(k, round, d));
    states.commit(round);
  }
  CHECK_FALSE(std::filesystem::exists(folder / "run.state"));
  for (std::int64_t k = clients; k < 2 * clients; ++k) states.put(4, k, state_of(k, 4, d));
  CHECK(std::filesystem::exists(folder / "run.state"));
}

TEST_CASE("state store: a client has four versions at most, however often it changes") {
  const TemporaryFolder folder;
  StateStore store(folder / "a.state", StateStore::least_memory);
  for (std::int64_t round = 1; round <= 60; ++round) {
    store.commit(round, {{7, state_of(7, round, 20'000)}});  // 160 kB
    if (round % 5 == 0) store.checkpointed(round);
  }
  CHECK(same(store.find(7, 60).value(), state_of(7, 60, 20'000)));
  CHECK(std::filesystem::file_size(folder / "a.state") < 2'000'000);
}

TEST_CASE("state store: grows past its first map") {
  const TemporaryFolder folder;
  StateStore store(folder / "a.state", StateStore::least_memory);
  const ClientState large = state_of(1, 1, 1'000'000);  // 8 MB
  for (std::int64_t client = 0; client < 5; ++client) store.commit(client + 1, {{client, large}});
  CHECK(same(store.find(0, 5).value(), large));
  CHECK(same(store.find(4, 5).value(), large));
  CHECK_FALSE(store.find(5, 5).has_value());
}

TEST_CASE("state store: another run's store, a missing one and damage are named") {
  const TemporaryFolder folder;
  StoreReference reference;
  {
    StateStore store(folder / "a.state", StateStore::least_memory);
    store.commit(1, {{1, state_of(1, 1, 1000)}, {2, state_of(2, 1, 1000)}});
    reference = store.reference();
    StateStore other(folder / "b.state", StateStore::least_memory);
    other.commit(1, {{1, state_of(1, 1)}});
  }
  CHECK_THROWS_WITH(StateStore(folder / "c.state", StateStore::least_memory, 1, reference), Catch::Contains("c.state"));
  CHECK_THROWS_AS(StateStore(folder / "b.state", StateStore::least_memory, 1, reference), OutputError);
  // A bit of a value.
  std::string bytes(std::filesystem::file_size(folder / "a.state"), '\0');
  std::ifstream(folder / "a.state", std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const double wanted = 2001.5;  // state_of(2, 1)'s second number
  const auto at = bytes.find(std::string(reinterpret_cast<const char*>(&wanted), sizeof wanted));
  REQUIRE(at != std::string::npos);
  bytes[at] = static_cast<char>(bytes[at] ^ 4);
  std::ofstream(folder / "a.state", std::ios::binary) << bytes;
  const StateStore damaged(folder / "a.state", StateStore::least_memory, 1, reference);
  CHECK(same(damaged.find(1, 1).value(), state_of(1, 1, 1000)));
  CHECK_THROWS_WITH(damaged.find(2, 1), Catch::Contains("client 2 is damaged"));
}

TEST_CASE("a bad newest checkpoint does not take the place of the good one before it") {
  const TemporaryFolder folder;
  const auto path = folder / "run.ckpt";
  Checkpoint c;
  c.round = 10;
  write_checkpoint(path, c);
  c.round = 20;
  write_checkpoint(path, c);
  std::ofstream(path) << "damaged";
  const auto read = read_checkpoint(path, [](const std::string&) {});
  REQUIRE(read.has_value());
  CHECK(read->fell_back);
  remove_newest_checkpoint(path);
  c.round = 30;
  write_checkpoint(path, c);
  std::ofstream(path) << "damaged";
  CHECK(read_checkpoint(path, [](const std::string&) {})->round == 10);
}
