// Steps on weights held by inputs, [in, out]. A row of them stays in registers while the samples pass that have the input: with
// the 16 registers of AVX2 rows are in so many parts that two whole products are faster.
#pragma once

#include <type_traits>

#include "train/compiled/kernels.h"
#include "train/compiled/simd.h"

namespace fedsim::compiled {
namespace {

constexpr int row_vecs = 13;   // of weights and as many of sums, 3 of a dot product, the gradient and the input: 31 registers
constexpr int dot_chains = 3;  // sums of a dot product, to hide the latency of the multiply-adds

/// Integers as wide as T.
template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

/// which[i], bit s: x[s, i] is not 0.
template <class T>
void find_inputs(const InputMajorStep<T>& p, Bits<T>* which) {
  using V = decltype(Vector<T>{} != Vector<T>{});
  for_vectors<T>(p.in, [=, &p](auto at) {
    V bits{};
    for (Index s = 0; s < p.rows; ++s)
      bits |= (at.get(p.x + s * p.in) != Vector<T>{}) & (V{} + static_cast<Bits<T>>(std::uint64_t{1} << s));
    __builtin_memcpy(which + at.i, &bits, static_cast<std::size_t>(at.count) * sizeof(T));
  });
}

/// Calls visit(s) for the bits s that are set.
template <class Visit>
[[gnu::always_inline]] inline void for_bits(std::uint32_t bits, const Visit& visit) {
  for (; bits != 0; bits &= bits - 1) visit(static_cast<Index>(__builtin_ctz(bits)));
}

/// `Vecs` vectors of columns from `column` on; of the last only `tail` values where Tail. The first columns store dx, others
/// add to it.
template <class T, int Vecs, bool Tail>
void step_columns(const InputMajorStep<T>& p, const Bits<T>* which, Index column, int tail) {
  constexpr int lanes = Simd<T>::lanes;
  const auto get = [tail](const T* from, int v) {
    return Tail && v == Vecs - 1 ? load(from + v * lanes, tail) : load(from + v * lanes);
  };
  const T* d = p.d + column;
  const Index in = p.in, out = p.out;
  for (Index i = 0; i < in; ++i) {
    Vector<T> w[Vecs], sums[Vecs] = {};
#pragma GCC unroll 16
    for (int v = 0; v < Vecs; ++v) w[v] = get(p.w + i * p.w_row + column, v);
    Vector<T> products[most_step_rows + 3];  // lane_sums reads four at a time
    int count = 0;
    for_bits(static_cast<std::uint32_t>(which[i]), [&](Index s) {
      const Vector<T> x = broadcast(p.x[s * in + i]);
      Vector<T> dots[dot_chains] = {};
#pragma GCC unroll 16
      for (int v = 0; v < Vecs; ++v) {
        Vector<T> value = get(d + s * out, v);
        keep_in_register(value);
        dots[v % dot_chains] += w[v] * value;
        sums[v] += x * value;
      }
      for (int k = 1; k < dot_chains; ++k) dots[0] += dots[k];
      products[count++] = dots[0];
    });
    T* c = p.c + i * p.c_row + column;
    const T* start = p.start + i * p.w_row + column;
#pragma GCC unroll 16
    for (int v = 0; v < Vecs; ++v) {
      Vector<T> value = sums[v] + w[v];
      if (p.pull != 0) value -= p.pull * (w[v] - get(start, v));
      if (p.difference) value -= get(start, v);
      if (Tail && v == Vecs - 1)
        store(c + v * lanes, value, tail);
      else
        store(c + v * lanes, value);
    }
    T four[4];
    count = 0;
    for_bits(static_cast<std::uint32_t>(which[i]), [&](Index s) {
      if (count % 4 == 0) lane_sums(products + count, four);
      T& dx = p.dx[s * in + i];
      dx = column == 0 ? four[count % 4] : dx + four[count % 4];
      ++count;
    });
  }
}

template <class T, int Vecs>
void step_last_columns(const InputMajorStep<T>& p, const Bits<T>* which, Index column, int vecs, int tail) {
  if (vecs == Vecs) {
    if (tail != 0)
      step_columns<T, Vecs, true>(p, which, column, tail);
    else
      step_columns<T, Vecs, false>(p, which, column, 0);
  } else if constexpr (Vecs > 1) {
    step_last_columns<T, Vecs - 1>(p, which, column, vecs, tail);
  }
}

template <class T>
void input_major_step(const InputMajorStep<T>& p) {
  constexpr Index lanes = Simd<T>::lanes;
  auto* which = reinterpret_cast<Bits<T>*>(p.places);
  find_inputs(p, which);
  Index column = 0;
  for (; column + row_vecs * lanes <= p.out; column += row_vecs * lanes)
    step_columns<T, row_vecs, false>(p, which, column, 0);
  const Index rest = p.out - column;
  if (rest > 0)
    step_last_columns<T, row_vecs>(p, which, column, static_cast<int>((rest + lanes - 1) / lanes), static_cast<int>(rest % lanes));
}

}  // namespace
}  // namespace fedsim::compiled
