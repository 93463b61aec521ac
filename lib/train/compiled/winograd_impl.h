// The transforms of Winograd's minimal filtering F(m x m, k x k) (Lavin and Gray, 2016), channels last: vectors over
// channels. With n = m + k - 1, an output square Y [m, m] of a channel and its input patch d [n, n]:
//   Y = A' [(G g G') . (B' d B)] A,
// so that n n products stand for the m m k k of the sum itself. The matrices are Toom-Cook's for n points.
#pragma once

#include "train/compiled/kernels.h"
#include "train/compiled/products_impl.h"
#include "train/compiled/simd.h"

namespace fedsim::compiled {
namespace {

/// B': the coefficients of the product of (x - p) over the points p but the row's own. (With 4 points the first row has the
/// opposite sign here and in G.)
template <int n>
struct InputMatrix;
template <>
struct InputMatrix<4> {
  static constexpr int rows = 4, columns = 4;
  static constexpr double values[4][4] = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}};
  static constexpr double at(int i, int j) { return values[i][j]; }
};
template <>
struct InputMatrix<6> {
  static constexpr int rows = 6, columns = 6;
  static constexpr double values[6][6] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
                                          {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
  static constexpr double at(int i, int j) { return values[i][j]; }
};

/// A: powers of the points 0, 1, -1 (, 2, -2) and infinity, which sees the last power only.
template <int n, int powers>
struct OutputMatrix {
  static constexpr int rows = n, columns = powers;
  static constexpr double at(int i, int j) {
    constexpr double points[] = {0, 1, -1, 2, -2};
    if (i == n - 1) return j == powers - 1 ? 1 : 0;
    double value = 1;
    for (int k = 0; k < j; ++k) value *= points[i];
    return value;
  }
};

/// G: the same, each row over the product of its point's distances from the others.
template <int n, int powers>
struct FilterMatrix {
  static constexpr int rows = n, columns = powers;
  static constexpr double at(int i, int j) {
    constexpr double divisors4[] = {1, 2, 2, 1}, divisors6[] = {4, -6, -6, 24, 24, 1};
    return OutputMatrix<n, powers>::at(i, j) / (n == 4 ? divisors4[i] : divisors6[i]);
  }
};

template <class L>
struct Transposed {
  static constexpr int rows = L::columns, columns = L::rows;
  static constexpr double at(int i, int j) { return L::at(j, i); }
};

/// Of a row's terms: all, or those that the next row has with the same or with the opposite sign.
enum class Terms { all, same, opposite };

template <class L, int I, int J, Terms which>
constexpr double factor() {
  if (which == Terms::same) return L::at(I, J) == L::at(I + 1, J) ? L::at(I, J) : 0;
  if (which == Terms::opposite) return L::at(I, J) == -L::at(I + 1, J) ? L::at(I, J) : 0;
  return L::at(I, J);
}

/// Rows I and I + 1, of a point and its negative, have two sums of several terms in common.
template <class L, int I>
constexpr bool paired() {
  if (I + 1 >= L::rows) return false;
  int terms = 0;
  for (int j = 0; j < L::columns; ++j) {
    if (L::at(I, j) != L::at(I + 1, j) && L::at(I, j) != -L::at(I + 1, j)) return false;
    terms += L::at(I, j) != 0;
  }
  return terms > 2;
}

/// sum + the terms of row I of L x from J on; nothing is done for a factor of 0.
template <class T, class L, int I, Terms which, int J = 0, bool first = true>
[[gnu::always_inline]] inline Vector<T> row_of(const Vector<T>* x, Vector<T> sum = Vector<T>{}) {
  if constexpr (J == L::columns) {
    return sum;
  } else {
    constexpr double by = factor<L, I, J, which>();
    if constexpr (by == 0) {
      return row_of<T, L, I, which, J + 1, first>(x, sum);
    } else {
      if constexpr (by == 1)
        sum = first ? x[J] : sum + x[J];
      else if constexpr (by == -1)
        sum = first ? -x[J] : sum - x[J];
      else
        sum = first ? static_cast<T>(by) * x[J] : sum + static_cast<T>(by) * x[J];
      return row_of<T, L, I, which, J + 1, false>(x, sum);
    }
  }
}

/// y[i step] = sum over j of L[i, j] x[j].
template <class T, class L, int I = 0>
[[gnu::always_inline]] inline void multiply(const Vector<T>* x, Vector<T>* y, int step) {
  if constexpr (I < L::rows) {
    if constexpr (paired<L, I>()) {
      const Vector<T> same = row_of<T, L, I, Terms::same>(x), opposite = row_of<T, L, I, Terms::opposite>(x);
      y[I * step] = same + opposite;
      y[(I + 1) * step] = same - opposite;
      multiply<T, L, I + 2>(x, y, step);
    } else {
      y[I * step] = row_of<T, L, I, Terms::all>(x);
      multiply<T, L, I + 1>(x, y, step);
    }
  }
}

/// See Sandwich.
template <class T, class L>
void sandwich(const T* const* x, T* const* y, Index columns, const T* bias, bool relu) {
  constexpr int rows = L::rows, inner = L::columns;
  for_vectors<T>(columns, [&](auto at) {
    Vector<T> half[rows * inner];  // L X
#pragma GCC unroll 6
    for (int j = 0; j < inner; ++j) {
      Vector<T> column[inner];
#pragma GCC unroll 6
      for (int i = 0; i < inner; ++i) column[i] = at.get(x[i * inner + j]);
      multiply<T, L>(column, half + j, inner);
    }
    const Vector<T> shift = bias ? at.get(bias) : Vector<T>{};
#pragma GCC unroll 6
    for (int i = 0; i < rows; ++i) {
      Vector<T> row[rows];
      multiply<T, L>(half + i * inner, row, 1);
#pragma GCC unroll 6
      for (int j = 0; j < rows; ++j) {
        Vector<T> value = row[j];
        if (bias) value += shift;
        if (relu) value = relu_of<T>(value);
        at.put(y[i * rows + j], value);
      }
    }
  });
}

template <class T, int m, int k>
constexpr Winograd<T> winograd_of() {
  constexpr int n = m + k - 1;
  return {.square = m,
          .kernel = k,
          .input = sandwich<T, InputMatrix<n>>,
          .filter = sandwich<T, FilterMatrix<n, k>>,
          .filter_gradient = sandwich<T, Transposed<FilterMatrix<n, k>>>,
          .output = sandwich<T, Transposed<OutputMatrix<n, m>>>,
          .output_gradient = sandwich<T, OutputMatrix<n, m>>};
}

}  // namespace
}  // namespace fedsim::compiled
