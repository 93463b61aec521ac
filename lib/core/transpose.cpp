#include "core/transpose.h"

#include <cstddef>
#include <cstring>
#include <utility>

#include "core/clones.h"

namespace fedsim {
namespace {

constexpr std::int64_t vector_bytes = 32;
constexpr std::int64_t line_bytes = 64;  // of a cache

template <class T>
struct Square {
  static constexpr std::int64_t side = vector_bytes / sizeof(T);
  typedef T V __attribute__((vector_size(vector_bytes)));

  /// Squares of `Half` x `Half` values, of those twice as large: the upper right changes places with the lower left.
  template <std::size_t Half, std::size_t... Lane>
  [[gnu::always_inline]] static void exchange(V& a, V& b, std::index_sequence<Lane...>) {
    const V upper = __builtin_shufflevector(a, b, ((Lane & Half) == 0 ? Lane : side + Lane - Half)...);
    b = __builtin_shufflevector(a, b, ((Lane & Half) == 0 ? Lane + Half : side + Lane)...);
    a = upper;
  }

  template <std::size_t Half>
  [[gnu::always_inline]] static void exchange_all(V* rows) {
    for (std::size_t i = 0; i < side; ++i)
      if ((i & Half) == 0) exchange<Half>(rows[i], rows[i + Half], std::make_index_sequence<side>{});
    if constexpr (Half > 1) exchange_all<Half / 2>(rows);
  }

  [[gnu::always_inline]] static void turn(const T* x, std::int64_t x_row, T* y, std::int64_t y_row) {
    V rows[side];
    for (std::int64_t i = 0; i < side; ++i) std::memcpy(&rows[i], x + i * x_row, sizeof(V));
    exchange_all<side / 2>(rows);
    for (std::int64_t i = 0; i < side; ++i) std::memcpy(y + i * y_row, &rows[i], sizeof(V));
  }
};

/// Rows [first, last), which become columns.
template <class T>
[[gnu::always_inline]] inline void turn_one_by_one(const T* x, std::int64_t first, std::int64_t last, std::int64_t begin,
                                                   std::int64_t end, std::int64_t x_row, T* y, std::int64_t y_row) {
  for (std::int64_t j = begin; j < end; ++j)
    for (std::int64_t i = first; i < last; ++i) y[j * y_row + i] = x[i * x_row + j];
}

/// Lines of y are filled as they are begun.
template <class T>
[[gnu::always_inline]] inline void turn_all(const T* x, std::int64_t rows, std::int64_t columns, std::int64_t x_row, T* y,
                                            std::int64_t y_row) {
  constexpr std::int64_t side = Square<T>::side, line = line_bytes / sizeof(T);
  std::int64_t i = 0;
  for (; i + line <= rows; i += line) {
    std::int64_t j = 0;
    for (; j + side <= columns; j += side)
      for (std::int64_t k = i; k < i + line; k += side) Square<T>::turn(x + k * x_row + j, x_row, y + j * y_row + k, y_row);
    turn_one_by_one(x, i, i + line, j, columns, x_row, y, y_row);
  }
  turn_one_by_one(x, i, rows, 0, columns, x_row, y, y_row);
}

}  // namespace

#define FEDSIM_TRANSPOSE(T)                                                                                            \
  FEDSIM_CLONES void transpose(const T* x, std::int64_t rows, std::int64_t columns, std::int64_t x_row, T* y,          \
                               std::int64_t y_row) {                                                                   \
    turn_all(x, rows, columns, x_row, y, y_row);                                                                       \
  }
FEDSIM_TRANSPOSE(float)
FEDSIM_TRANSPOSE(double)
FEDSIM_TRANSPOSE(std::int64_t)
#undef FEDSIM_TRANSPOSE

}  // namespace fedsim
