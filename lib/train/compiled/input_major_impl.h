// Steps on weights held by inputs, [in, out]. A row of them stays in registers while the samples pass that have the input: with
// the 16 registers of AVX2 rows are in so many parts that two whole products are faster.
#pragma once

#include <type_traits>

#include "train/compiled/kernels.h"
#include "train/compiled/simd.h"

namespace fedsim::compiled {
namespace {

constexpr int row_vecs = 13;   // of weights and as many of sums, 2 of a dot product, the gradient and the input: 30 registers
constexpr int dot_chains = 2;  // sums of a dot product: one sample's hide part of the latency, the next samples' the rest

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

/// order: the inputs, those that as many samples have one after the other, so that the processor foresees where loops over
/// samples end.
template <class T>
void sort_inputs(Index in, const Bits<T>* which, Bits<T>* order) {
  const auto samples = [which](Index i) { return __builtin_popcount(static_cast<std::uint32_t>(which[i])); };
  Index at[most_step_rows + 2] = {};
  for (Index i = 0; i < in; ++i) ++at[samples(i) + 1];
  for (Index k = 1; k <= most_step_rows; ++k) at[k] += at[k - 1];
  for (Index i = 0; i < in; ++i) order[at[samples(i)]++] = static_cast<Bits<T>>(i);
}

/// Calls visit(s, k) for the k-th bit s that is set.
template <class Visit>
[[gnu::always_inline]] inline int for_bits(std::uint32_t bits, const Visit& visit) {
  int k = 0;
  for (; bits != 0; bits &= bits - 1) visit(static_cast<Index>(__builtin_ctz(bits)), k++);
  return k;
}

/// `Vecs` vectors of columns from `column` on; of the last only `tail` values where Tail. The first columns store dx, others
/// add to it.
template <class T, int Vecs, bool Tail>
void step_columns(const InputMajorStep<T>& p, const Bits<T>* which, const Bits<T>* order, Index column, int tail) {
  constexpr int lanes = Simd<T>::lanes;
  const auto get = [tail](const T* from, int v) {
    return Tail && v == Vecs - 1 ? load(from + v * lanes, tail) : load(from + v * lanes);
  };
  const auto put = [tail](T* to, int v, Vector<T> value) {
    if (Tail && v == Vecs - 1)
      store(to + v * lanes, value, tail);
    else
      store(to + v * lanes, value);
  };
  const T* d = p.d + column;
  const Index in = p.in, out = p.out;
  const bool is_plain = p.pull == 0 && !p.difference, in_place = is_plain && p.c == p.w;
  for (Index at = 0; at < in; ++at) {
    const Index i = order[at];
    const auto samples = static_cast<std::uint32_t>(which[i]);
    if (samples == 0 && in_place) continue;
    Vector<T> w[Vecs], sums[Vecs] = {};
#pragma GCC unroll 16
    for (int v = 0; v < Vecs; ++v) w[v] = get(p.w + i * p.w_row + column, v);
    Vector<T> products[most_step_rows + 3];  // lane_sums reads four at a time
    const int count = for_bits(samples, [&](Index s, int k) {
      const Vector<T> x = broadcast(p.x[s * in + i]);
      Vector<T> dots[dot_chains] = {};
#pragma GCC unroll 16
      for (int v = 0; v < Vecs; ++v) {
        Vector<T> value = get(d + s * out, v);
        keep_in_register(value);
        dots[v % dot_chains] += w[v] * value;
        sums[v] += x * value;
      }
      for (int j = 1; j < dot_chains; ++j) dots[0] += dots[j];
      products[k] = dots[0];
    });
    T* c = p.c + i * p.c_row + column;
    if (is_plain) {
#pragma GCC unroll 16
      for (int v = 0; v < Vecs; ++v) put(c, v, sums[v] + w[v]);
    } else {
      const T* start = p.start + i * p.w_row + column;
#pragma GCC unroll 16
      for (int v = 0; v < Vecs; ++v) {
        const Vector<T> value = sums[v] + w[v] - p.pull * (w[v] - get(start, v));
        put(c, v, p.difference ? value - get(start, v) : value);
      }
    }
    T dots[most_step_rows + 3];
    for (int k = 0; k < count; k += 4) lane_sums(products + k, dots + k);
    for_bits(samples, [&](Index s, int k) {
      T& dx = p.dx[s * in + i];
      dx = column == 0 ? dots[k] : dx + dots[k];
    });
  }
}

template <class T, int Vecs>
void step_last_columns(const InputMajorStep<T>& p, const Bits<T>* which, const Bits<T>* order, Index column, int vecs, int tail) {
  if (vecs == Vecs) {
    if (tail != 0)
      step_columns<T, Vecs, true>(p, which, order, column, tail);
    else
      step_columns<T, Vecs, false>(p, which, order, column, 0);
  } else if constexpr (Vecs > 1) {
    step_last_columns<T, Vecs - 1>(p, which, order, column, vecs, tail);
  }
}

template <class T>
void input_major_step(const InputMajorStep<T>& p) {
  constexpr Index lanes = Simd<T>::lanes;
  auto* which = reinterpret_cast<Bits<T>*>(p.places);
  auto* order = which + p.in;
  find_inputs(p, which);
  sort_inputs<T>(p.in, which, order);
  Index column = 0;
  for (; column + row_vecs * lanes <= p.out; column += row_vecs * lanes)
    step_columns<T, row_vecs, false>(p, which, order, column, 0);
  const Index rest = p.out - column;
  if (rest > 0)
    step_last_columns<T, row_vecs>(p, which, order, column, static_cast<int>((rest + lanes - 1) / lanes), static_cast<int>(rest % lanes));
}

}  // namespace
}  // namespace fedsim::compiled
