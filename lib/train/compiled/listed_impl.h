// Products with a matrix of which the zeros are left out, as of images with an empty margin. A value in a list costs one
// multiply-add a vector of the result, and b is read once for two rows, so that the reads keep up with the arithmetic.
// For AVX-512, which can write the values of a vector that are not 0 side by side: written one at a time, the lists cost
// what they save.
#pragma once

#include "train/compiled/kernels.h"
#include "train/compiled/simd.h"

namespace fedsim::compiled {
namespace {

constexpr int listed_vecs = 13;  // x 2 rows: 26 sums, a vector of b, two values of a

/// Keeps g++ from reading the value from memory again at every use.
inline void keep_in_register(Vector<float>& v) { asm("" : "+v"(v)); }

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

/// Rows x Vecs vectors of the result in registers, of which the last have `tail` values where not whole.
template <int Rows, int Vecs, Last last>
struct Sums {
  typedef float Half __attribute__((vector_size(32)));
  static constexpr int lanes = Simd<float>::lanes, full = Vecs - (last == Last::half ? 1 : 0);
  Vector<float> vectors[Rows][full > 0 ? full : 1] = {};
  Half halves[Rows] = {};

  void load_from(const float* c, Index c_row, int tail) {
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r, c += c_row) {
#pragma GCC unroll 16
      for (int v = 0; v < full; ++v)
        vectors[r][v] = last == Last::part && v == Vecs - 1 ? load(c + v * lanes, tail) : load(c + v * lanes);
      if constexpr (last == Last::half) halves[r] = _mm256_maskz_loadu_ps(lanes8(tail), c + full * lanes);
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
      if constexpr (last == Last::half) _mm256_mask_storeu_ps(c + full * lanes, lanes8(tail), halves[r]);
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
  else if (2 * tail > lanes)
    listed_panel<List, Vecs, Last::part>(p, column, tail);
  else
    listed_panel<List, Vecs, Last::half>(p, column, tail);
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

/// One part: the columns where `in(x has a value, y has)`, for 16 columns at a time.
template <class In>
Index list_part(const float* x, const float* y, Index first, Index last, Index at, std::int32_t* columns, float* values,
                const In& in) {
  const __m512i up = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const __m512i low = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
  const Vector<float> zero{};
  for (Index i = first; i < last; i += 16) {
    const int rest = static_cast<int>(last - i < 16 ? last - i : 16);
    const Vector<float> a = load(x + i, rest), b = y ? load(y + i, rest) : zero;
    const unsigned of_x = _mm512_cmp_ps_mask(a, zero, _CMP_NEQ_UQ), of_y = _mm512_cmp_ps_mask(b, zero, _CMP_NEQ_UQ);
    const auto some = static_cast<__mmask16>(in(of_x, of_y));
    const __m512i place = _mm512_add_epi32(up, _mm512_set1_epi32(static_cast<int>(i)));
    const __m512 left = _mm512_maskz_compress_ps(some, a), right = _mm512_maskz_compress_ps(some, b);
    _mm512_storeu_si512(columns + at, _mm512_maskz_compress_epi32(some, place));
    _mm512_storeu_ps(values + 2 * at, _mm512_permutex2var_ps(left, low, right));
    _mm512_storeu_ps(values + 2 * at + 16, _mm512_permutex2var_ps(left, high, right));
    at += __builtin_popcount(some);
  }
  return at;
}

Index list_rows(const float* x, const float* y, Index first, Index last, Index at, std::int32_t* ends,
                std::int32_t* columns, float* values) {
  const auto list = [&](const auto& in) {
    at = list_part(x, y, first, last, at, columns, values, in);
    *ends++ = static_cast<std::int32_t>(at);
  };
  list([](unsigned of_x, unsigned of_y) { return of_x & of_y; });
  list([](unsigned of_x, unsigned of_y) { return of_x & ~of_y; });
  list([](unsigned of_x, unsigned of_y) { return ~of_x & of_y; });
  return at;
}

/// The same of bytes, for Vectors x 16 columns of which the last vector has `tail`. An entry is one number of 32 bits, to be
/// written side by side where a part has it.
template <int Vectors>
Index list_entries(const std::uint8_t* x, const std::uint8_t* y, Index first, int tail, Index at, std::int32_t* ends,
                   std::uint32_t* entries) {
  const __m512i up = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  __m512i all[Vectors];
  unsigned of_x[Vectors], of_y[Vectors];
#pragma GCC unroll 4
  for (int v = 0; v < Vectors; ++v) {
    const Index i = first + 16 * v;
    const __mmask16 there = lanes16(v + 1 < Vectors ? 16 : tail);
    const __m512i a = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(there, x + i));
    const __m512i b = y ? _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(there, y + i)) : __m512i{};
    of_x[v] = _mm512_test_epi32_mask(a, a);
    of_y[v] = _mm512_test_epi32_mask(b, b);
    const __m512i column = _mm512_slli_epi32(_mm512_add_epi32(up, _mm512_set1_epi32(static_cast<int>(i))), 16);
    all[v] = _mm512_or_si512(_mm512_or_si512(column, _mm512_slli_epi32(b, 8)), a);
  }
#pragma GCC unroll 3
  for (int part = 0; part < 3; ++part) {
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) {
      const unsigned some = part == 0 ? of_x[v] & of_y[v] : part == 1 ? of_x[v] & ~of_y[v] : of_y[v] & ~of_x[v];
      _mm512_storeu_si512(entries + at, _mm512_maskz_compress_epi32(static_cast<__mmask16>(some), all[v]));
      at += __builtin_popcount(some);
    }
    ends[part] = static_cast<std::int32_t>(at);
  }
  return at;
}

Index list_rows_of_bytes(const std::uint8_t* x, const std::uint8_t* y, Index first, Index last, Index at,
                         std::int32_t* ends, std::uint32_t* entries) {
  const int vectors = static_cast<int>((last - first + 15) / 16), tail = static_cast<int>(last - first) - 16 * (vectors - 1);
  if (vectors == 1) return list_entries<1>(x, y, first, tail, at, ends, entries);
  if (vectors == 2) return list_entries<2>(x, y, first, tail, at, ends, entries);
  if (vectors == 3) return list_entries<3>(x, y, first, tail, at, ends, entries);
  return list_entries<4>(x, y, first, tail, at, ends, entries);
}

/// y[j] lane i = x[i] lane j.
inline void transpose_8(const __m512i* x, __m512i* y) {
  __m512i a[8], b[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i += 2) {
    a[i] = _mm512_unpacklo_epi64(x[i], x[i + 1]);
    a[i + 1] = _mm512_unpackhi_epi64(x[i], x[i + 1]);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 8; i += 4)
#pragma GCC unroll 8
    for (int j = 0; j < 2; ++j) {
      b[i + j] = _mm512_shuffle_i64x2(a[i + j], a[i + j + 2], 0x88);
      b[i + j + 2] = _mm512_shuffle_i64x2(a[i + j], a[i + j + 2], 0xDD);
    }
#pragma GCC unroll 8
  for (int j = 0; j < 4; ++j) {
    y[j] = _mm512_shuffle_i64x2(b[j], b[j + 4], 0x88);
    y[j + 4] = _mm512_shuffle_i64x2(b[j], b[j + 4], 0xDD);
  }
}

/// The same for 8 x 8 of 16 bits.
inline void transpose_8(const __m128i* x, __m128i* y) {
  __m128i a[8], b[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i += 2) {
    a[i] = _mm_unpacklo_epi16(x[i], x[i + 1]);
    a[i + 1] = _mm_unpackhi_epi16(x[i], x[i + 1]);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 8; i += 4)
#pragma GCC unroll 8
    for (int j = 0; j < 2; ++j) {
      b[i + 2 * j] = _mm_unpacklo_epi32(a[i + j], a[i + j + 2]);
      b[i + 2 * j + 1] = _mm_unpackhi_epi32(a[i + j], a[i + j + 2]);
    }
#pragma GCC unroll 8
  for (int j = 0; j < 4; ++j) {
    y[2 * j] = _mm_unpacklo_epi64(b[j], b[j + 4]);
    y[2 * j + 1] = _mm_unpackhi_epi64(b[j], b[j + 4]);
  }
}

/// The lists of 16 rows of x', 8 pairs, for no more than `listed_most` columns. A pair of values is one of 64 bits, of
/// which 8 x 8 are transposed at a time.
constexpr Index listed_most = 64;
inline Index list_16_columns(const float* x, Index x_row, Index first, Index last, Index at, std::int32_t* ends,
                             std::int32_t* columns, float* values) {
  const __m512i without_sign = _mm512_set1_epi64(0x7fffffff7fffffff);
  const __m256i up = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
  std::int32_t some_columns[8][listed_most + 8];
  std::int64_t some_values[8][listed_most + 8];
  Index length[8] = {};
  for (Index i = first; i < last; i += 8) {
    __m512i of_columns[8] = {}, of_pairs[8];
    for (Index k = 0; k < 8 && i + k < last; ++k) of_columns[k] = _mm512_loadu_si512(x + (i + k) * x_row);
    transpose_8(of_columns, of_pairs);
    const __m256i place = _mm256_add_epi32(up, _mm256_set1_epi32(static_cast<int>(i)));
#pragma GCC unroll 8
    for (int pair = 0; pair < 8; ++pair) {
      const __mmask8 some = _mm512_test_epi64_mask(of_pairs[pair], without_sign);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(&some_columns[pair][length[pair]]),
                          _mm256_maskz_compress_epi32(some, place));
      _mm512_storeu_si512(&some_values[pair][length[pair]], _mm512_maskz_compress_epi64(some, of_pairs[pair]));
      length[pair] += __builtin_popcount(some);
    }
  }
  for (int pair = 0; pair < 8; ++pair) {
    for (Index k = 0; k < length[pair]; k += 8) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(columns + at + k),
                          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(&some_columns[pair][k])));
      _mm512_storeu_si512(values + 2 * (at + k), _mm512_loadu_si512(&some_values[pair][k]));
    }
    *ends++ = static_cast<std::int32_t>(at += length[pair]);
  }
  return at;
}

/// The same of bytes. A pair is 16 bits: those of 16 columns are transposed at once.
inline Index list_16_columns_of_bytes(const std::uint8_t* x, Index x_row, Index first, Index last, Index at,
                                      std::int32_t* ends, std::uint32_t* entries) {
  const __m512i up = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  std::uint32_t of_pairs[8][listed_most + 16];
  Index length[8] = {};
  for (Index i = first; i < last; i += 16) {
    __m128i rows[16] = {}, pairs[16];  // of rows 0 to 7, then 8 to 15
    for (Index k = 0; k < 16 && i + k < last; ++k)
      rows[k] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x + (i + k) * x_row));
    transpose_8(rows, pairs);
    transpose_8(rows + 8, pairs + 8);
    const __m512i column = _mm512_slli_epi32(_mm512_add_epi32(up, _mm512_set1_epi32(static_cast<int>(i))), 16);
#pragma GCC unroll 8
    for (int pair = 0; pair < 8; ++pair) {
      const __m512i both = _mm512_cvtepu16_epi32(_mm256_set_m128i(pairs[8 + pair], pairs[pair]));
      const __mmask16 some = _mm512_test_epi32_mask(both, both);
      _mm512_storeu_si512(&of_pairs[pair][length[pair]],
                          _mm512_maskz_compress_epi32(some, _mm512_or_si512(column, both)));
      length[pair] += __builtin_popcount(some);
    }
  }
  for (int pair = 0; pair < 8; ++pair) {
    for (Index k = 0; k < length[pair]; k += 16)
      _mm512_storeu_si512(entries + at + k, _mm512_loadu_si512(&of_pairs[pair][k]));
    *ends++ = static_cast<std::int32_t>(at += length[pair]);
  }
  return at;
}

Index list_columns_of_bytes(const std::uint8_t* x, Index rows, Index first, Index last, Index at, std::int32_t* ends,
                            std::uint32_t* entries) {
  Index row = 0;
  if (last - first <= listed_most)
    for (; row + 16 <= rows; row += 16)
      at = list_16_columns_of_bytes(x + row, rows, first, last, at, ends + row / 2, entries);
  for (; row < rows; row += 2) {
    for (Index i = first; i < last; ++i) {
      const std::uint8_t a = x[i * rows + row], b = x[i * rows + row + 1];
      entries[at] = static_cast<std::uint32_t>(i) << 16 | static_cast<std::uint32_t>(b) << 8 | a;
      at += static_cast<Index>((a | b) != 0);
    }
    ends[row / 2] = static_cast<std::int32_t>(at);
  }
  return at;
}

Index list_columns(const float* x, Index rows, Index first, Index last, Index at, std::int32_t* ends,
                   std::int32_t* columns, float* values) {
  Index row = 0;
  if (last - first <= listed_most)
    for (; row + 16 <= rows; row += 16)
      at = list_16_columns(x + row, rows, first, last, at, ends + row / 2, columns, values);
  for (; row < rows; row += 2) {
    for (Index i = first; i < last; ++i) {
      const float a = x[i * rows + row], b = x[i * rows + row + 1];
      columns[at] = static_cast<std::int32_t>(i);
      values[2 * at] = a;
      values[2 * at + 1] = b;
      at += static_cast<Index>(a != 0) | static_cast<Index>(b != 0);
    }
    ends[row / 2] = static_cast<std::int32_t>(at);
  }
  return at;
}

}  // namespace
}  // namespace fedsim::compiled
