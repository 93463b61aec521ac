// A matrix without its zeros, see Listed: the room it is written to.
#pragma once

#include <algorithm>

#include "core/buffer.h"
#include "train/compiled/kernels.h"

namespace fedsim::compiled {

template <class T>
class Lists {
 public:
  /// Of a [rows, columns]; `chunk` columns are a range. Valid until the next call.
  Listed<T> of(const Kernels<T>& kernels, const T* a, Index rows, Index columns, Index chunk) {
    const Listed<T> listed = room_for_values(rows, columns, chunk, 3);
    const auto row = [=](Index i) { return a + i * columns; };
    by_rows(row, rows, columns, chunk, [&](const T* x, const T* y, Index first, Index last, Index at, std::int32_t* ends) {
      return kernels.list_rows(x, y, first, last, at, ends, places(), values());
    });
    return listed;
  }

  /// Of bytes, `chunk` no more than most_listed_at_once, columns no more than most_columns_of_bytes.
  Listed<T> of(const Kernels<T>& kernels, ByteRows a, Index rows, Index columns, Index chunk) {
    const Listed<T> listed = room_for_bytes(rows, columns, chunk, 3);
    by_rows([=](Index i) { return a[i]; }, rows, columns, chunk,
            [&](const std::uint8_t* x, const std::uint8_t* y, Index first, Index last, Index at, std::int32_t* ends) {
              return kernels.list_rows_of_bytes(x, y, first, last, at, ends, entries());
            });
    return listed;
  }

  /// Of x' [rows, columns], x [columns, rows], rows even; of bytes, the same limits.
  Listed<T> of_transposed(const Kernels<T>& kernels, const T* x, Index rows, Index columns, Index chunk) {
    const Listed<T> listed = room_for_values(rows, columns, chunk, 1);
    by_columns(rows, columns, chunk, [&](Index first, Index last, Index at, std::int32_t* ends) {
      return kernels.list_columns(x, rows, first, last, at, ends, places(), values());
    });
    return listed;
  }

  Listed<T> of_transposed(const Kernels<T>& kernels, ByteRows x, Index rows, Index columns, Index chunk) {
    const Listed<T> listed = room_for_bytes(rows, columns, chunk, 1);
    by_columns(rows, columns, chunk, [&](Index first, Index last, Index at, std::int32_t* ends) {
      return kernels.list_columns_of_bytes(x, rows, first, last, at, ends, entries());
    });
    return listed;
  }

  std::size_t bytes() const { return ends_.bytes() + places_.bytes() + values_.bytes(); }

  /// Of samples of either kind.
  Listed<T> of(const Kernels<T>& kernels, const Inputs<T>& x, Index rows, Index columns, Index chunk) {
    return x.bytes ? of(kernels, x.bytes, rows, columns, chunk) : of(kernels, x.numbers, rows, columns, chunk);
  }
  Listed<T> of_transposed(const Kernels<T>& kernels, const Inputs<T>& x, Index rows, Index columns, Index chunk) {
    return x.bytes ? of_transposed(kernels, x.bytes, rows, columns, chunk)
                   : of_transposed(kernels, x.numbers, rows, columns, chunk);
  }

 private:
  /// row_of(i) is where a row begins. Calls write(row, the row after it or null, [first, last) of a range, where its list begins,
  /// its ends) for every list.
  template <class RowOf, class Write>
  void by_rows(const RowOf& row_of, Index rows, Index columns, Index chunk, const Write& write) {
    std::int32_t* list = ends();
    for (Index first = 0, at = 0; first < columns; first += chunk)
      for (Index row = 0; row < rows; row += 2, list += 3)
        at = write(row_of(row), row + 1 < rows ? row_of(row + 1) : nullptr, first, std::min(columns, first + chunk), at, list);
  }

  /// The same for the lists of all rows in a range.
  template <class Write>
  void by_columns(Index rows, Index columns, Index chunk, const Write& write) {
    std::int32_t* list = ends();
    for (Index first = 0, at = 0; first < columns; first += chunk, list += rows / 2)
      at = write(first, std::min(columns, first + chunk), at, list);
  }

  Listed<T> room_for_values(Index rows, Index columns, Index chunk, Index parts) {
    Listed<T> listed = with_room(rows, columns, chunk, parts);
    grow(values_, 2 * most(rows, columns) * static_cast<Index>(sizeof(T)));
    listed.columns = places();
    listed.values = values();
    return listed;
  }
  Listed<T> room_for_bytes(Index rows, Index columns, Index chunk, Index parts) {
    Listed<T> listed = with_room(rows, columns, chunk, parts);
    listed.bytes = entries();
    return listed;
  }
  Listed<T> with_room(Index rows, Index columns, Index chunk, Index parts) {
    const Index chunks = (columns + chunk - 1) / chunk;
    grow(ends_, chunks * ((rows + 1) / 2) * parts * static_cast<Index>(sizeof(std::int32_t)));
    grow(places_, most(rows, columns) * static_cast<Index>(sizeof(std::int32_t)));
    return {.rows = rows, .chunks = chunks, .parts = parts, .ends = ends()};
  }
  /// Entries, and what is overwritten beyond them.
  static Index most(Index rows, Index columns) { return (rows + 1) / 2 * columns + 48; }
  static void grow(Buffer& buffer, Index bytes) { buffer.grow(static_cast<std::size_t>(bytes)); }

  std::int32_t* ends() { return static_cast<std::int32_t*>(ends_.data()); }
  std::int32_t* places() { return static_cast<std::int32_t*>(places_.data()); }
  std::uint32_t* entries() { return static_cast<std::uint32_t*>(places_.data()); }
  T* values() { return static_cast<T*>(values_.data()); }
  Buffer ends_, places_, values_;
};

/// Columns that are whole vectors.
template <class T>
Index padded(const Kernels<T>& kernels, Index columns) {
  return (columns + kernels.lanes - 1) / kernels.lanes * kernels.lanes;
}

}  // namespace fedsim::compiled
