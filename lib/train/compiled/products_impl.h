// Matrix products: tiles of the result stay in registers over the whole contraction.
#pragma once

#include <type_traits>

#include "core/prefetch.h"
#include "train/compiled/kernels.h"
#include "train/compiled/simd.h"

namespace fedsim::compiled {
namespace {

template <class T>
inline Vector<T> relu_of(Vector<T> v) {
  return v <= Vector<T>{} ? Vector<T>{} : v;
}

/// A step of plain SGD and what weight decay and the proximal and linear terms add to it; `get` reads the vector's place.
template <class T, class Get>
inline Vector<T> with_penalties(const Descent<T>& d, Vector<T> step, Vector<T> w, const Get& get) {
  if (d.weight_decay != 0) step -= d.lr * d.weight_decay * w;
  if (d.prox != 0) step -= d.lr * d.prox * (w - get(d.anchor));
  if (d.linear) step -= d.lr * get(d.linear);
  return step;
}

/// What is written where a tile's vector of sums belongs; `at` is the place in c.
template <class T, bool Tail>
inline void write(const Product<T>& p, Vector<T> sum, Index at, Index column, int tail) {
  const auto get = [tail](const T* from) { return Tail ? load(from, tail) : load(from); };
  if (p.write == Write::sgd) {
    const Descent<T>& d = p.descent;
    const Vector<T> w = get(d.w + at);
    sum = w + with_penalties<T>(d, sum, w, [&](const T* from) { return get(from + at); });
    if (d.origin) sum -= get(d.origin + at);
  } else {
    if (p.write == Write::add) sum += get(p.c + at);
    if (p.bias) sum += get(p.bias + column);
    if (p.relu) sum = relu_of<T>(sum);
  }
  if constexpr (Tail)
    store(p.c + at, sum, tail);
  else
    store(p.c + at, sum);
}

/// Rows of a matrix from `first` on, values of T or bytes.
template <class T>
struct RowsOf {
  const T* first;
  Index row;
  const T* operator[](Index i) const { return first + i * row; }
};
template <>
struct RowsOf<std::uint8_t> {
  ByteRows rows;
  Index first;
  const std::uint8_t* operator[](Index i) const { return rows[i] + first; }
};

/// b from a column on.
template <class B, class T>
RowsOf<B> right_of(const Product<T>& p, Index column) {
  if constexpr (std::is_same_v<B, T>)
    return {p.b + column, p.b_inner};
  else
    return {p.b_bytes, column};
}

/// sums[r][v] += sum over i < inner of a[r a_row + i a_inner] b[i][v lanes]; Tail: of the last vector of b only `tail` values
/// are read.
template <class T, int Rows, int Vecs, bool Tail, class B>
[[gnu::always_inline]] inline void contract(Vector<T> (&sums)[Rows][Vecs], Index inner, const T* a, Index a_row,
                                            Index a_inner, const RowsOf<B>& b_rows, int tail) {
  constexpr int lanes = Simd<T>::lanes;
  for (Index i = 0; i < inner; ++i, a += a_inner) {
    const B* b = b_rows[i];
    Vector<T> values[Vecs];
#pragma GCC unroll 16
    for (int v = 0; v < Vecs; ++v)
      values[v] = Tail && v == Vecs - 1 ? load_as<T>(b + v * lanes, tail) : load_as<T>(b + v * lanes);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 16
      for (int v = 0; v < Vecs; ++v) sums[r][v] += broadcast(a[r * a_row]) * values[v];
  }
}

/// Rows x Vecs vectors of sums stay in registers over the whole contraction. UnitRow: a_row is 1.
template <class T, class B, int Rows, int Vecs, bool Tail, bool UnitRow>
void tile(const Product<T>& p, Index row, Index column, int tail) {
  constexpr int lanes = Simd<T>::lanes;
  const Index a_row = UnitRow ? 1 : p.a_row;
  Vector<T> sums[Rows][Vecs] = {};
  if constexpr (std::is_same_v<B, T>) {
    for (Index n = 0; n < p.count; ++n) {
      const T* a = p.a + row * a_row + n * p.a_count;
      const T* b = p.b + column + n * p.b_count;
      for (Index o = 0; o < p.outer; ++o, a += p.a_outer, b += p.b_outer)
        contract<T, Rows, Vecs, Tail>(sums, p.inner, a, a_row, p.a_inner, RowsOf<T>{b, p.b_inner}, tail);
    }
  } else {
    contract<T, Rows, Vecs, Tail>(sums, p.inner, p.a + row * a_row, a_row, p.a_inner, right_of<B>(p, column), tail);
  }
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 16
    for (int v = 0; v < Vecs; ++v) {
      const Index at = (row + r) * p.c_row + column + v * lanes;
      if (Tail && v == Vecs - 1)
        write<T, true>(p, sums[r][v], at, column + v * lanes, tail);
      else
        write<T, false>(p, sums[r][v], at, column + v * lanes, tail);
    }
}

/// What becomes of a sum where nothing need be asked: stored as it is, added to c, added to w, or that minus the origin.
enum class Plain { sum, added, updated, difference };

/// Short sums, as of the weights of a linear layer after a small batch, where what is asked and addressed once a tile
/// would weigh as much as they do. Returns the first column that is left.
template <class T, class B, int Rows, bool UnitRow, Plain What>
Index plain_row_tile(const Product<T>& p, Index row) {
  constexpr int lanes = Simd<T>::lanes, vecs = 2;
  constexpr bool difference = What == Plain::difference, updated = difference || What == Plain::updated;
  const Index inner = p.inner, a_inner = p.a_inner, c_row = p.c_row;
  const Index a_row = UnitRow ? 1 : p.a_row;
  const T* a = p.a + row * a_row;
  const T* w = updated ? p.descent.w + row * c_row : nullptr;
  const T* origin = difference ? p.descent.origin + row * c_row : nullptr;
  T* c = p.c + row * c_row;
  Index column = 0;
  for (; column + vecs * lanes <= p.columns; column += vecs * lanes) {
    Vector<T> sums[Rows][vecs] = {};
    contract<T, Rows, vecs, false>(sums, inner, a, a_row, a_inner, right_of<B>(p, column), 0);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 16
      for (int v = 0; v < vecs; ++v) {
        const Index place = r * c_row + column + v * lanes;
        Vector<T> value = sums[r][v];
        if constexpr (What == Plain::added) value += load(c + place);
        if constexpr (updated) value += load(w + place);
        if constexpr (difference) value -= load(origin + place);
        store(c + place, value);
      }
  }
  return column;
}

/// The part of a row of tiles that plain_row_tile can do.
template <class T, class B, int Rows, bool UnitRow>
Index plain_part(const Product<T>& p, Index row) {
  if (p.count * p.outer != 1 || (!UnitRow && Rows <= wide_rows)) return 0;
  if (p.write == Write::sgd) {
    if (!UnitRow || !p.descent.plain()) return 0;  // a gradient of weights has unit rows
    return p.descent.origin ? plain_row_tile<T, B, Rows, true, Plain::difference>(p, row)
                            : plain_row_tile<T, B, Rows, true, Plain::updated>(p, row);
  }
  if (p.bias || p.relu) return 0;
  return p.write == Write::add ? plain_row_tile<T, B, Rows, UnitRow, Plain::added>(p, row)
                               : plain_row_tile<T, B, Rows, UnitRow, Plain::sum>(p, row);
}

template <class T, class B, int Rows, bool UnitRow>
void row_tile(const Product<T>& p, Index row) {
  constexpr int lanes = Simd<T>::lanes;
  Index column = plain_part<T, B, Rows, UnitRow>(p, row);
  if constexpr (Rows <= wide_rows)  // few sums: wider, to hide the latency of the multiply-adds
    for (; column + 4 * lanes <= p.columns; column += 4 * lanes)
      tile<T, B, Rows, 4, false, UnitRow>(p, row, column, 0);
  for (; column + 2 * lanes <= p.columns; column += 2 * lanes)
    tile<T, B, Rows, 2, false, UnitRow>(p, row, column, 0);
  const int rest = static_cast<int>(p.columns - column);
  if (rest > lanes)
    tile<T, B, Rows, 2, true, UnitRow>(p, row, column, rest - lanes);
  else if (rest == lanes)
    tile<T, B, Rows, 1, false, UnitRow>(p, row, column, 0);
  else if (rest > 0)
    tile<T, B, Rows, 1, true, UnitRow>(p, row, column, rest);
}

template <class T, class B, int Rows, bool UnitRow>
void row_tile_of(int rows, const Product<T>& p, Index row) {
  if (rows == Rows)
    row_tile<T, B, Rows, UnitRow>(p, row);
  else if constexpr (Rows > 1)
    row_tile_of<T, B, Rows - 1, UnitRow>(rows, p, row);
}

/// A result of one vector a row: twice as high.
template <class T, class B, int Rows, bool UnitRow>
void narrow_tile_of(int rows, const Product<T>& p, Index row) {
  if (rows == Rows)
    tile<T, B, Rows, 1, true, UnitRow>(p, row, 0, static_cast<int>(p.columns));
  else if constexpr (Rows > 1)
    narrow_tile_of<T, B, Rows - 1, UnitRow>(rows, p, row);
}

/// Tiles of nearly equal height: 20 rows are 10 + 10, not 14 + 6.
template <class T, class B, bool UnitRow>
void product_of(const Product<T>& p) {
  const bool narrow = p.columns < Simd<T>::lanes;
  const Index height = narrow ? 2 * tile_rows : tile_rows;
  const Index tiles = (p.rows + height - 1) / height;
  for (Index t = 0, row = 0; t < tiles; ++t) {
    const Index rows = (p.rows - row) / (tiles - t);
    if (narrow)
      narrow_tile_of<T, B, 2 * tile_rows, UnitRow>(static_cast<int>(rows), p, row);
    else
      row_tile_of<T, B, tile_rows, UnitRow>(static_cast<int>(rows), p, row);
    row += rows;
  }
}

template <class T>
void product(const Product<T>& p) {
  if (p.b_bytes)
    product_of<T, std::uint8_t, true>(p);
  else if (p.a_row == 1)
    product_of<T, T, true>(p);
  else
    product_of<T, T, false>(p);
}

/// One vector of the contraction, of `tail` values where Tail, into the sums.
template <class T, int Rows, int Columns, bool Tail, class A>
inline void dot_step(const DotProduct<T>& p, const A* const (&a)[Rows], Index i, const T* b, Vector<T> (&sums)[Rows][4],
                     int tail) {
  const auto get = [tail](const auto* from) { return Tail ? load_as<T>(from, tail) : load_as<T>(from); };
  Vector<T> values[Columns];
#pragma GCC unroll 16
  for (int j = 0; j < Columns; ++j) values[j] = get(b + j * p.b_row + i);
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
    const Vector<T> left = get(a[r] + i);
#pragma GCC unroll 16
    for (int j = 0; j < Columns; ++j) sums[r][j] += left * values[j];
  }
}

/// Four values of a row of the result.
template <class T>
using Four = typename Simd<T>::Four;

/// v += the first `Count` of them at p. (Not returned: g++ warns of the ABI of vectors that the processor may lack.)
template <int Count, class T>
inline void add_four(Four<T>& v, const T* p) {
  Four<T> other{};
  __builtin_memcpy(&other, p, Count * sizeof(T));
  v += other;
}

/// `coming`: rows of bytes of p.inner that are asked for on the way, a line each at a time.
template <class T, class A, int Rows, int Columns>
void dot_tile(const DotProduct<T>& p, const RowsOf<A>& left, Index row, Index column, ComingRows coming) {
  constexpr int lanes = Simd<T>::lanes;
  Vector<T> sums[Rows][4] = {};
  const A* a[Rows];
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) a[r] = left[row + r];
  const T* b = p.b + column * p.b_row;
  Index i = 0;
  if constexpr (std::is_same_v<A, std::uint8_t>)
    if (coming.count > 0)
      for (Index line = 0; line < p.inner; line += cache_line) {
        for (Index r = 0; r < coming.count; ++r) ask_for(coming.rows[r] + line);
        const Index end = line + static_cast<Index>(cache_line);
        for (; i + lanes <= (end < p.inner ? end : p.inner); i += lanes) dot_step<T, Rows, Columns, false>(p, a, i, b, sums, 0);
      }
  for (; i + lanes <= p.inner; i += lanes) dot_step<T, Rows, Columns, false>(p, a, i, b, sums, 0);
  if (i < p.inner) dot_step<T, Rows, Columns, true>(p, a, i, b, sums, static_cast<int>(p.inner - i));
  Four<T> bias{};
  if (p.bias) add_four<Columns>(bias, p.bias + column);
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
    T* c = p.c + (row + r) * p.c_row + column;
    Four<T> value;
    lane_sums(sums[r], reinterpret_cast<T*>(&value));
    value *= p.unit;
    if (p.add) add_four<Columns>(value, c);
    value += bias;
    if (p.relu) value = value <= Four<T>{} ? Four<T>{} : value;
    __builtin_memcpy(c, &value, Columns * sizeof(T));
  }
}

template <class T, class A, int Rows, int Columns>
void dot_tile_of(int rows, int columns, const DotProduct<T>& p, const RowsOf<A>& left, Index row, Index column,
                 ComingRows coming) {
  if (rows == Rows && columns == Columns)
    dot_tile<T, A, Rows, Columns>(p, left, row, column, coming);
  else if constexpr (Rows > 1) {
    if (rows != Rows) return dot_tile_of<T, A, Rows - 1, Columns>(rows, columns, p, left, row, column, coming);
    if constexpr (Columns > 1) dot_tile_of<T, A, Rows, Columns - 1>(rows, columns, p, left, row, column, coming);
  } else if constexpr (Columns > 1) {
    dot_tile_of<T, A, Rows, Columns - 1>(rows, columns, p, left, row, column, coming);
  }
}

/// Four columns of the result at a time, so that b (the weights) is read once.
template <class T, class A>
void dot_product_of(const DotProduct<T>& p, const RowsOf<A>& left) {
  const Index tiles = (p.rows + dot_rows - 1) / dot_rows;
  ComingRows coming = p.coming;
  Index left_over = p.rows * p.columns;
  for (Index column = 0; column < p.columns; column += 4) {
    const int columns = static_cast<int>(p.columns - column < 4 ? p.columns - column : 4);
    for (Index t = 0, row = 0; t < tiles; ++t) {
      const Index rows = (p.rows - row) / (tiles - t);
      const Index asked = coming.count > 0 ? coming.count * rows * columns / left_over : 0;
      left_over -= rows * columns;
      dot_tile_of<T, A, dot_rows, 4>(static_cast<int>(rows), columns, p, left, row, column, {coming.rows, asked});
      coming = {coming.rows + asked, coming.count - asked};
      row += rows;
    }
  }
}

template <class T>
void dot_product(const DotProduct<T>& p) {
  if (p.a_bytes)
    dot_product_of<T, std::uint8_t>(p, {p.a_bytes, 0});
  else
    dot_product_of<T, T>(p, {p.a, p.a_row});
}

}  // namespace
}  // namespace fedsim::compiled
