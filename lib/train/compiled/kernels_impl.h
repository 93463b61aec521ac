// The kernels themselves, compiled once for each instruction set by kernels_*.cpp. Includes nothing with
// inline functions that other files share (see simd.h).
#pragma once

#include "train/compiled/kernels.h"
#include "train/compiled/simd.h"

namespace fedsim::compiled {
namespace {

template <class T>
inline Vector<T> relu_of(Vector<T> v) {
  return v <= Vector<T>{} ? Vector<T>{} : v;
}

/// What is written where a tile's vector of sums belongs; `at` is the place in c.
template <class T, bool Tail>
inline void write(const Product<T>& p, Vector<T> sum, Index at, Index column, int tail) {
  const auto get = [tail](const T* from) { return Tail ? load(from, tail) : load(from); };
  if (p.write == Write::sgd) {
    const Descent<T>& d = p.descent;
    const Vector<T> w = get(d.w + at);
    if (d.weight_decay != 0) sum += d.weight_decay * w;
    if (d.prox != 0) sum += d.prox * (w - get(d.anchor + at));
    if (d.linear) sum += get(d.linear + at);
    sum = w - d.lr * sum;
    if (d.origin) sum -= get(d.origin + at);
  } else if (p.write == Write::add) {
    sum += get(p.c + at);
  } else {
    if (p.bias) sum += get(p.bias + column);
    if (p.relu) sum = relu_of<T>(sum);
  }
  if constexpr (Tail)
    store(p.c + at, sum, tail);
  else
    store(p.c + at, sum);
}

/// sums[r][v] += sum over i < inner of a[r a_row + i a_inner] b[i b_inner + v lanes]; Tail: of the last vector of b only
/// `tail` values are read.
template <class T, int Rows, int Vecs, bool Tail>
[[gnu::always_inline]] inline void contract(Vector<T> (&sums)[Rows][Vecs], Index inner, const T* a, Index a_row,
                                            Index a_inner, const T* b, Index b_inner, int tail) {
  constexpr int lanes = Simd<T>::lanes;
  for (Index i = 0; i < inner; ++i, a += a_inner, b += b_inner) {
    Vector<T> values[Vecs];
#pragma GCC unroll 16
    for (int v = 0; v < Vecs; ++v)
      values[v] = Tail && v == Vecs - 1 ? load(b + v * lanes, tail) : load(b + v * lanes);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 16
      for (int v = 0; v < Vecs; ++v) sums[r][v] += broadcast(a[r * a_row]) * values[v];
  }
}

/// Rows x Vecs vectors of sums stay in registers over the whole contraction. UnitRow: a_row is 1.
template <class T, int Rows, int Vecs, bool Tail, bool UnitRow>
void tile(const Product<T>& p, Index row, Index column, int tail) {
  constexpr int lanes = Simd<T>::lanes;
  const Index a_row = UnitRow ? 1 : p.a_row;
  Vector<T> sums[Rows][Vecs] = {};
  for (Index o = 0; o < p.outer; ++o)
    contract<T, Rows, Vecs, Tail>(sums, p.inner, p.a + row * a_row + o * p.a_outer, a_row, p.a_inner,
                                  p.b + column + o * p.b_outer, p.b_inner, tail);
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

/// The weights of a linear layer after a small batch, under plain SGD: few sums, so that what is asked and addressed
/// once a tile would weigh as much as they do. Returns the first column that is left.
template <class T, int Rows, bool Difference>
Index plain_row_tile(const Product<T>& p, Index row) {
  constexpr int lanes = Simd<T>::lanes, vecs = 2;
  const Index inner = p.inner, a_inner = p.a_inner, b_inner = p.b_inner, c_row = p.c_row;
  const T *a = p.a + row, *b = p.b, *w = p.descent.w + row * c_row, *origin = p.descent.origin + (Difference ? row * c_row : 0);
  T* c = p.c + row * c_row;
  const Vector<T> lr = broadcast(p.descent.lr);
  Index column = 0;
  for (; column + vecs * lanes <= p.columns; column += vecs * lanes) {
    Vector<T> sums[Rows][vecs] = {};
    contract<T, Rows, vecs, false>(sums, inner, a, 1, a_inner, b + column, b_inner, 0);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 16
      for (int v = 0; v < vecs; ++v) {
        const Index place = r * c_row + column + v * lanes;
        Vector<T> value = load(w + place) - lr * sums[r][v];
        if constexpr (Difference) value -= load(origin + place);
        store(c + place, value);
      }
  }
  return column;
}

template <class T, int Rows, bool UnitRow>
void row_tile(const Product<T>& p, Index row) {
  constexpr int lanes = Simd<T>::lanes;
  Index column = 0;
  if (UnitRow && p.write == Write::sgd && p.descent.plain() && p.outer == 1)
    column = p.descent.origin ? plain_row_tile<T, Rows, true>(p, row) : plain_row_tile<T, Rows, false>(p, row);
  if constexpr (Rows <= wide_rows)  // few sums: wider, to hide the latency of the multiply-adds
    for (; column + 4 * lanes <= p.columns; column += 4 * lanes)
      tile<T, Rows, 4, false, UnitRow>(p, row, column, 0);
  for (; column + 2 * lanes <= p.columns; column += 2 * lanes)
    tile<T, Rows, 2, false, UnitRow>(p, row, column, 0);
  const int rest = static_cast<int>(p.columns - column);
  if (rest > lanes)
    tile<T, Rows, 2, true, UnitRow>(p, row, column, rest - lanes);
  else if (rest == lanes)
    tile<T, Rows, 1, false, UnitRow>(p, row, column, 0);
  else if (rest > 0)
    tile<T, Rows, 1, true, UnitRow>(p, row, column, rest);
}

template <class T, int Rows, bool UnitRow>
void row_tile_of(int rows, const Product<T>& p, Index row) {
  if (rows == Rows)
    row_tile<T, Rows, UnitRow>(p, row);
  else if constexpr (Rows > 1)
    row_tile_of<T, Rows - 1, UnitRow>(rows, p, row);
}

/// Tiles of nearly equal height: 20 rows are 10 + 10, not 14 + 6.
template <class T>
void product(const Product<T>& p) {
  const Index tiles = (p.rows + tile_rows - 1) / tile_rows;
  for (Index t = 0, row = 0; t < tiles; ++t) {
    const Index rows = (p.rows - row) / (tiles - t);
    if (p.a_row == 1)
      row_tile_of<T, tile_rows, true>(static_cast<int>(rows), p, row);
    else
      row_tile_of<T, tile_rows, false>(static_cast<int>(rows), p, row);
    row += rows;
  }
}

/// One vector of the contraction, of `tail` values where Tail, into the sums.
template <class T, int Rows, int Columns, bool Tail>
inline void dot_step(const DotProduct<T>& p, const T* a, const T* b, Vector<T> (&sums)[Rows][4], int tail) {
  const auto get = [tail](const T* from) { return Tail ? load(from, tail) : load(from); };
  Vector<T> values[Columns];
#pragma GCC unroll 16
  for (int j = 0; j < Columns; ++j) values[j] = get(b + j * p.b_row);
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
    const Vector<T> left = get(a + r * p.a_row);
#pragma GCC unroll 16
    for (int j = 0; j < Columns; ++j) sums[r][j] += left * values[j];
  }
}

template <class T, int Rows, int Columns>
void dot_tile(const DotProduct<T>& p, Index row, Index column) {
  constexpr int lanes = Simd<T>::lanes;
  Vector<T> sums[Rows][4] = {};
  const T* a = p.a + row * p.a_row;
  const T* b = p.b + column * p.b_row;
  Index i = 0;
  for (; i + lanes <= p.inner; i += lanes) dot_step<T, Rows, Columns, false>(p, a + i, b + i, sums, 0);
  if (i < p.inner) dot_step<T, Rows, Columns, true>(p, a + i, b + i, sums, static_cast<int>(p.inner - i));
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
    T total[4];
    lane_sums(sums[r], total);
    T* c = p.c + (row + r) * p.c_row + column;
#pragma GCC unroll 16
    for (int j = 0; j < Columns; ++j) {
      T value = total[j];
      if (p.add) value += c[j];
      if (p.bias) value += p.bias[column + j];
      c[j] = p.relu && value <= 0 ? T(0) : value;
    }
  }
}

template <class T, int Rows, int Columns>
void dot_tile_of(int rows, int columns, const DotProduct<T>& p, Index row, Index column) {
  if (rows == Rows && columns == Columns)
    dot_tile<T, Rows, Columns>(p, row, column);
  else if constexpr (Rows > 1) {
    if (rows != Rows) return dot_tile_of<T, Rows - 1, Columns>(rows, columns, p, row, column);
    if constexpr (Columns > 1) dot_tile_of<T, Rows, Columns - 1>(rows, columns, p, row, column);
  } else if constexpr (Columns > 1) {
    dot_tile_of<T, Rows, Columns - 1>(rows, columns, p, row, column);
  }
}

/// Four columns of the result at a time, so that b (the weights) is read once.
template <class T>
void dot_product(const DotProduct<T>& p) {
  const Index tiles = (p.rows + dot_rows - 1) / dot_rows;
  for (Index column = 0; column < p.columns; column += 4) {
    const int columns = static_cast<int>(p.columns - column < 4 ? p.columns - column : 4);
    for (Index t = 0, row = 0; t < tiles; ++t) {
      const Index rows = (p.rows - row) / (tiles - t);
      dot_tile_of<T, dot_rows, 4>(static_cast<int>(rows), columns, p, row, column);
      row += rows;
    }
  }
}

template <class T>
void relu(const T* x, T* y, Index n) {
  for (Index i = 0; i < n; ++i) y[i] = x[i] <= 0 ? T(0) : x[i];
}

template <class T>
void relu_gradient(const T* y, T* d, Index n) {
  for (Index i = 0; i < n; ++i) d[i] = y[i] <= 0 ? T(0) : d[i];
}

/// Calls visit(place in the window, pixel) for the pixels of a window that are inside the image.
template <class Visit>
inline void window(const Pooling& p, Index out_y, Index out_x, Visit visit) {
  for (Index ky = 0; ky < p.kernel; ++ky) {
    const Index y = out_y * p.stride - p.padding + ky;
    if (y < 0 || y >= p.height) continue;
    for (Index kx = 0; kx < p.kernel; ++kx) {
      const Index x = out_x * p.stride - p.padding + kx;
      if (x >= 0 && x < p.width) visit(static_cast<std::int32_t>(ky * p.kernel + kx), y * p.width + x);
    }
  }
}

template <class T>
void maxpool(const Pooling& p, const T* x, T* y, std::int32_t* where) {
  for (Index oy = 0; oy < p.out_height; ++oy)
    for (Index ox = 0; ox < p.out_width; ++ox) {
      T* best = y + (oy * p.out_width + ox) * p.channels;
      std::int32_t* place = where + (oy * p.out_width + ox) * p.channels;
      bool first = true;
      window(p, oy, ox, [&](std::int32_t at, Index pixel) {
        const T* value = x + pixel * p.channels;
        if (first) {
          for (Index c = 0; c < p.channels; ++c) best[c] = value[c], place[c] = at;
          first = false;
          return;
        }
        for (Index c = 0; c < p.channels; ++c) {
          const bool better = (value[c] > best[c]) | (value[c] != value[c]);  // NaN wins, as in torch
          best[c] = better ? value[c] : best[c];
          place[c] = better ? at : place[c];
        }
      });
    }
}

template <class T>
void maxpool_gradient(const Pooling& p, const T* dy, const std::int32_t* where, T* dx) {
  for (Index oy = 0; oy < p.out_height; ++oy)
    for (Index ox = 0; ox < p.out_width; ++ox) {
      const Index out = (oy * p.out_width + ox) * p.channels;
      window(p, oy, ox, [&](std::int32_t at, Index pixel) {
        T* to = dx + pixel * p.channels;
        for (Index c = 0; c < p.channels; ++c) to[c] += where[out + c] == at ? dy[out + c] : T(0);
      });
    }
}

/// n values of the rule of Descent, with momentum on stored gradients, from place i on.
template <class T, bool Tail>
inline void descend_at(const Descent<T>& d, Index i, int tail, T factor, const T* gradient, T momentum,
                       T* velocity, T* out) {
  const auto get = [i, tail](const T* from) { return Tail ? load(from + i, tail) : load(from + i); };
  const auto put = [i, tail](T* to, Vector<T> value) {
    if constexpr (Tail)
      store(to + i, value, tail);
    else
      store(to + i, value);
  };
  const Vector<T> w = get(d.w);
  Vector<T> g = factor * get(gradient) + d.weight_decay * w;
  if (d.prox != 0) g += d.prox * (w - get(d.anchor));
  if (d.linear) g += get(d.linear);
  if (momentum != 0) {
    g += momentum * get(velocity);
    put(velocity, g);
  }
  Vector<T> value = w - d.lr * g;
  if (d.origin) value -= get(d.origin);
  put(out, value);
}

template <class T>
void descend(const Descent<T>& d, Index n, T factor, const T* gradient, T momentum, T* velocity, T* out) {
  constexpr int lanes = Simd<T>::lanes;
  Index i = 0;
  for (; i + lanes <= n; i += lanes) descend_at<T, false>(d, i, 0, factor, gradient, momentum, velocity, out);
  if (i < n) descend_at<T, true>(d, i, static_cast<int>(n - i), factor, gradient, momentum, velocity, out);
}

template <class T>
void column_sums(const T* a, Index rows, Index columns, T* sums) {
  for (Index j = 0; j < columns; ++j) sums[j] = 0;
  for (Index r = 0; r < rows; ++r)
    for (Index j = 0; j < columns; ++j) sums[j] += a[r * columns + j];
}

template <class T>
constexpr Kernels<T> kernels_named(const char* name) {
  return {name,       4 * Simd<T>::lanes,  product<T>,     dot_product<T>, relu<T>, relu_gradient<T>,
          maxpool<T>, maxpool_gradient<T>, column_sums<T>, descend<T>};
}

}  // namespace
}  // namespace fedsim::compiled
