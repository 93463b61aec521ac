#include "record/tables.h"

#include <algorithm>
#include <cassert>

#include "record/columns.h"

namespace fedsim {
namespace {

// A chunk with its checksum is at most a page, and starts at one (hdf5::File::create): rewriting it when a
// row is added can't be cut in two by a kill.
constexpr std::int64_t page = 4096, checksum = 4;
constexpr std::int64_t rows_a_page(std::int64_t bytes) { return (page - checksum) / bytes; }

constexpr std::int64_t most_expected = 1 << 18;  // rows of /clients taken at the start: 15 MB

template <class Row, class Member>
void write_column(hdf5::Dataset& column, std::int64_t first, std::span<const Row> rows, Member member,
                  ContentHash& hash) {
  using Value = std::remove_cvref_t<decltype(Row{}.*member)>;
  using Stored = std::conditional_t<std::is_enum_v<Value>, std::int8_t, Value>;
  std::vector<Stored> values;
  values.reserve(rows.size());
  for (const auto& row : rows) values.push_back(static_cast<Stored>(row.*member));
  column.write_rows<Stored>(first, values);
  hash.add<Stored>(column.name(), {}, values);
}

}  // namespace

RoundTable::RoundTable(hdf5::Group root, std::int64_t rounds, ContentHash& hash) {
  auto group = root.create_group("rounds");
  const auto chunk = std::clamp<std::int64_t>(rounds + 1, 64, rows_a_page(8));
  for (const auto& column : round_columns) {
    const bool whole = std::holds_alternative<std::int64_t RoundRow::*>(column.member);
    columns_.push_back(whole ? group.create<std::int64_t>(column.name, {rounds + 1}, chunk)
                             : group.create<double>(column.name, {rounds + 1}, chunk, true));
    hash.declare(columns_.back().name(), hdf5::name_of(columns_.back().type()), {});
  }
}

void RoundTable::write(std::span<const RoundRow> rows, ContentHash& hash) {
  if (rows.empty()) return;
  assert(rows.back().round == rows.front().round + std::ssize(rows) - 1);
  for (std::size_t i = 0; i < round_columns.size(); ++i)
    std::visit([&](auto member) { write_column<RoundRow>(columns_[i], rows.front().round, rows, member, hash); },
               round_columns[i].member);
}

void RoundTable::reopen(const hdf5::Group& root) {
  const auto group = root.group("rounds");
  for (std::size_t i = 0; i < round_columns.size(); ++i) columns_[i] = group.dataset(round_columns[i].name);
}

ClientTable::ClientTable(hdf5::Group root, std::int64_t expected, std::int64_t needed, ContentHash& hash)
    : space_(std::max(needed, std::clamp<std::int64_t>(expected, rows_a_page(8), most_expected))) {
  auto group = root.create_group("clients");
  for (const auto& column : client_columns) {
    if (std::holds_alternative<std::int64_t ClientRow::*>(column.member))
      columns_.push_back(group.create<std::int64_t>(column.name, {space_}, rows_a_page(8)));
    else if (std::holds_alternative<double ClientRow::*>(column.member))
      columns_.push_back(group.create<double>(column.name, {space_}, rows_a_page(8), true));
    else
      columns_.push_back(group.create<std::int8_t>(column.name, {space_}, rows_a_page(1)));
    hash.declare(columns_.back().name(), hdf5::name_of(columns_.back().type()), {});
  }
  const std::string names = "0 reported, 1 dropped out, 2 non-finite, 3 late";
  columns_.back().set("names", names);
  hash.set(columns_.back().name(), "names", names);
}

void ClientTable::write(std::span<const ClientRow> rows, ContentHash& hash) {
  const auto count = static_cast<std::int64_t>(rows.size());
  for (std::size_t i = 0; i < client_columns.size(); ++i)
    std::visit([&](auto member) { write_column<ClientRow>(columns_[i], used_, rows, member, hash); },
               client_columns[i].member);
  used_ += count;
}

void ClientTable::reopen_larger(const hdf5::Group& root, std::size_t rows) {
  space_ = std::max(2 * space_, used_ + static_cast<std::int64_t>(rows));
  const auto group = root.group("clients");
  for (std::size_t i = 0; i < client_columns.size(); ++i) {
    columns_[i] = group.dataset(client_columns[i].name);
    columns_[i].resize(space_);
  }
}

}  // namespace fedsim
