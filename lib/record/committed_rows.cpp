#include "record/committed_rows.h"

#include <algorithm>
#include <type_traits>

#include "record/columns.h"

namespace fedsim {
namespace {

/// Numbers in a result are whole below 2^53 or doubles: a column of doubles holds either exactly.
template <class Row, class Member>
void fill(std::vector<Row>& rows, const std::vector<double>& column, Member member) {
  using Value = std::remove_cvref_t<decltype(Row{}.*member)>;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if constexpr (std::is_enum_v<Value>)
      rows[i].*member = static_cast<Value>(static_cast<int>(column[i]));
    else
      rows[i].*member = static_cast<Value>(column[i]);
  }
}

}  // namespace

CommittedRows read_committed_rows(const ResultReader& result, std::int64_t round) {
  CommittedRows rows;
  rows.rounds.resize(static_cast<std::size_t>(round + 1));
  for (const auto& column : round_columns)
    if (result.has_column(column.name))
      std::visit([&](auto member) { fill(rows.rounds, result.column(column.name), member); }, column.member);

  const auto have = result.client_columns();
  rows.clients.resize(have.empty() ? 0 : static_cast<std::size_t>(result.client_rows()));
  for (const auto& column : client_columns)
    if (std::find(have.begin(), have.end(), column.name) != have.end())
      std::visit([&](auto member) { fill(rows.clients, result.client_column(column.name), member); }, column.member);
  std::erase_if(rows.clients, [&](const ClientRow& row) { return row.round > round; });
  return rows;
}

}  // namespace fedsim
