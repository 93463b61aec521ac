// Products with a matrix of which the zeros are left out, as of images with an empty margin. A value in a list costs one
// multiply-add a vector of the result, and b is read once for two rows, so that the reads keep up with the arithmetic.
#pragma once

#include "train/compiled/kernels.h"
#include "train/compiled/simd.h"

namespace fedsim::compiled {
namespace {

#if defined(__AVX512F__)
constexpr int listed_vecs = 13;  // x 2 rows: 26 sums, a vector of b, two values of a
#else
constexpr int listed_vecs = 6;
#endif

struct OfValues {
  const std::int32_t* columns;
  const float* values;
  explicit OfValues(const Listed<float>& a) : columns(a.columns), values(a.values) {}
  Index column(Index k) const { return columns[k]; }
  float value(Index k, int row) const { return values[2 * k + row]; }
};

struct EveryByte {
  float number[256];
  constexpr EveryByte() : number{} {
    for (int i = 0; i < 256; ++i) number[i] = static_cast<float>(i);
  }
};
constexpr EveryByte every_byte;

/// A byte is looked up, not converted: that is one more load, of which there are enough a cycle.
struct OfBytes {
  const std::uint32_t* entries;
  explicit OfBytes(const Listed<float>& a) : entries(a.bytes) {}
  Index column(Index k) const { return entries[k] >> 16; }
  float value(Index k, int row) const { return every_byte.number[entries[k] >> (8 * row) & 255]; }
};

/// What the last vector of a row of the result is: all of it, its first values, or no more than half of it, which take half
/// the time.
enum class Last { whole, part, half };
constexpr bool halves_pay = Simd<float>::lanes == 16;

/// Rows x Vecs vectors of the result in registers, of which the last have `tail` values where not whole.
template <int Rows, int Vecs, Last last>
struct Sums {
  typedef float Half __attribute__((vector_size(32)));
  static __mmask8 first_of_8(int count) { return static_cast<__mmask8>((1u << count) - 1u); }
  static constexpr int lanes = Simd<float>::lanes, full = Vecs - (last == Last::half ? 1 : 0);
  Vector<float> vectors[Rows][full > 0 ? full : 1] = {};
  Half halves[Rows] = {};

  void load_from(const float* c, Index c_row, int tail) {
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r, c += c_row) {
#pragma GCC unroll 16
      for (int v = 0; v < full; ++v)
        vectors[r][v] = last == Last::part && v == Vecs - 1 ? load(c + v * lanes, tail) : load(c + v * lanes);
      if constexpr (last == Last::half) halves[r] = _mm256_maskz_loadu_ps(first_of_8(tail), c + full * lanes);
    }
  }
  void store_to(float* c, Index c_row, int tail) const {
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r, c += c_row) {
#pragma GCC unroll 16
      for (int v = 0; v < full; ++v)
        if (last == Last::part && v == Vecs - 1)
          store(c + v * lanes, vectors[r][v], tail);
        else
          store(c + v * lanes, vectors[r][v]);
      if constexpr (last == Last::half) _mm256_mask_storeu_ps(c + full * lanes, first_of_8(tail), halves[r]);
    }
  }

  /// Rows [First, End) of them += the k-th values of the list times b[the k-th column], from <= k < to.
  template <int First, int End, class List>
  [[gnu::always_inline]] void add(const List& list, Index from, Index to, const float* b, Index b_row) {
    for (Index k = from; k < to; ++k) {
      const float* row = b + list.column(k) * b_row;
      Vector<float> value[End];
#pragma GCC unroll 16
      for (int r = First; r < End; ++r) value[r] = broadcast(list.value(k, r));
#pragma GCC unroll 16
      for (int v = 0; v < full; ++v) {
        Vector<float> right = load(row + v * lanes);
        if constexpr (End - First > 1) keep_in_register(right);
#pragma GCC unroll 16
        for (int r = First; r < End; ++r) vectors[r][v] += value[r] * right;
      }
      if constexpr (last == Last::half) {
        const Half right = _mm256_loadu_ps(row + full * lanes);
#pragma GCC unroll 16
        for (int r = First; r < End; ++r) halves[r] += static_cast<Half>(_mm512_castps512_ps256(value[r])) * right;
      }
    }
  }
};

/// One list on Vecs vectors of the result. Rows 1: the second row is not there. The sums go on from what is in c where
/// `add`.
template <class List, int Rows, int Vecs, Last last>
void listed_tile(const ListedProduct<float>& p, Index index, const float* b, float* c, bool add, int tail) {
  Sums<Rows, Vecs, last> sums;
  if (add) sums.load_from(c, p.c_row, tail);
  const std::int32_t* ends = p.a.ends + index * p.a.parts;
  const Index from = ends == p.a.ends ? 0 : ends[-1];
  const List list(p.a);
  sums.template add<0, Rows>(list, from, ends[0], b, p.b_row);
  if (p.a.parts == 3) {
    sums.template add<0, 1>(list, ends[0], ends[1], b, p.b_row);
    if constexpr (Rows == 2) sums.template add<1, 2>(list, ends[1], ends[2], b, p.b_row);
  }
  sums.store_to(c, p.c_row, tail);
}

/// All lists on the vectors from `column` on.
template <class List, int Vecs, Last last>
void listed_panel(const ListedProduct<float>& p, Index column, int tail) {
  const Index pairs = (p.a.rows + 1) / 2;
  const float* b = p.b + column;
  for (Index chunk = 0; chunk < p.a.chunks; ++chunk)
    for (Index row = 0; row < p.rows; row += 2) {
      const Index index = chunk * pairs + (p.first + row) / 2;
      float* c = p.c + row * p.c_row + column;
      if (row + 1 < p.rows)
        listed_tile<List, 2, Vecs, last>(p, index, b, c, chunk > 0, tail);
      else
        listed_tile<List, 1, Vecs, last>(p, index, b, c, chunk > 0, tail);
    }
}

template <class List, int Vecs>
void listed_panel_of(int vecs, const ListedProduct<float>& p, Index column) {
  constexpr int lanes = Simd<float>::lanes;
  if constexpr (Vecs > 1)
    if (vecs < Vecs) return listed_panel_of<List, Vecs - 1>(vecs, p, column);
  const int tail = static_cast<int>(p.columns - column) - (Vecs - 1) * lanes;
  if (tail >= lanes)
    listed_panel<List, Vecs, Last::whole>(p, column, lanes);
  else if (halves_pay && 2 * tail <= lanes)
    listed_panel<List, Vecs, halves_pay ? Last::half : Last::part>(p, column, tail);
  else
    listed_panel<List, Vecs, Last::part>(p, column, tail);
}

/// Panels of nearly equal width.
void listed_product(const ListedProduct<float>& p) {
  constexpr int lanes = Simd<float>::lanes;
  const Index vecs = (p.columns + lanes - 1) / lanes, panels = (vecs + listed_vecs - 1) / listed_vecs;
  for (Index i = 0, done = 0; i < panels; ++i) {
    const Index width = (vecs - done) / (panels - i);
    if (p.a.bytes)
      listed_panel_of<OfBytes, listed_vecs>(static_cast<int>(width), p, done * lanes);
    else
      listed_panel_of<OfValues, listed_vecs>(static_cast<int>(width), p, done * lanes);
    done += width;
  }
}

}  // namespace
}  // namespace fedsim::compiled
