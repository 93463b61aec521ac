// A matrix without its zeros, see Listed: the room it is written to.
#pragma once

#include <algorithm>
#include <type_traits>

#include "core/buffer.h"
#include "train/compiled/kernels.h"

namespace fedsim::compiled {

template <class T>
class Lists {
 public:
  /// Of a [rows, columns], values of T or bytes; `chunk` columns are a range. Valid until the next call.
  template <class From>
  Listed<T> of(const Kernels<T>& kernels, const From* a, Index rows, Index columns, Index chunk) {
    const Index pairs = (rows + 1) / 2, chunks = (columns + chunk - 1) / chunk;
    const Listed<T> listed = with_room(rows, chunks, 3, pairs * columns + 3 * kernels.lanes);
    Index at = 0;
    for (Index c = 0; c < chunks; ++c)
      for (Index pair = 0; pair < pairs; ++pair) {
        const From* x = a + 2 * pair * columns;
        const auto list = pick<From>(kernels.list_rows, kernels.list_rows_of_bytes);
        at = list(x, 2 * pair + 1 < rows ? x + columns : nullptr, c * chunk, std::min(columns, (c + 1) * chunk), at,
                  ends() + 3 * (c * pairs + pair), places(), values());
      }
    return listed;
  }

  /// Of x' [rows, columns], x [columns, rows], rows even.
  template <class From>
  Listed<T> of_transposed(const Kernels<T>& kernels, const From* x, Index rows, Index columns, Index chunk) {
    const Index chunks = (columns + chunk - 1) / chunk;
    const Listed<T> listed = with_room(rows, chunks, 1, rows / 2 * columns + 3 * kernels.lanes);
    for (Index c = 0, at = 0; c < chunks; ++c)
      at = pick<From>(kernels.list_columns, kernels.list_columns_of_bytes)(
          x, rows, c * chunk, std::min(columns, (c + 1) * chunk), at, ends() + c * rows / 2, places(), values());
    return listed;
  }

  std::size_t bytes() const { return ends_.bytes() + places_.bytes() + values_.bytes(); }

 private:
  template <class From, class OfValues, class OfBytes>
  static auto pick(OfValues of_values, OfBytes of_bytes) {
    if constexpr (std::is_same_v<From, T>)
      return of_values;
    else
      return of_bytes;
  }
  Listed<T> with_room(Index rows, Index chunks, Index parts, Index most) {
    grow(ends_, chunks * ((rows + 1) / 2) * parts * static_cast<Index>(sizeof(std::int32_t)));
    grow(places_, most * static_cast<Index>(sizeof(std::int32_t)));
    grow(values_, 2 * most * static_cast<Index>(sizeof(T)));
    return {.rows = rows, .chunks = chunks, .parts = parts, .ends = ends(), .columns = places(), .values = values()};
  }
  static void grow(Buffer& buffer, Index bytes) {
    buffer.grow(static_cast<std::size_t>(bytes));
  }
  std::int32_t* ends() { return static_cast<std::int32_t*>(ends_.data()); }
  std::int32_t* places() { return static_cast<std::int32_t*>(places_.data()); }
  T* values() { return static_cast<T*>(values_.data()); }
  Buffer ends_, places_, values_;
};

/// Columns that are whole vectors.
template <class T>
Index padded(const Kernels<T>& kernels, Index columns) {
  return (columns + kernels.lanes - 1) / kernels.lanes * kernels.lanes;
}

}  // namespace fedsim::compiled
