// Lists of the bytes that are not 0, see Listed. An entry is one number of 32 bits; those of a vector are written side by
// side at once.
#pragma once

#include "train/compiled/listed_impl.h"

namespace fedsim::compiled {
namespace {

#if defined(__AVX512F__)
struct Entries {
  using V = __m512i;
  static constexpr int lanes = 16;
  static V numbers(const std::uint8_t* p) { return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
  static V numbers(const std::uint8_t* p, int count) { return _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(lanes16(count), p)); }
  static V pairs(const __m128i* p, Index stride) { return _mm512_cvtepu16_epi32(_mm256_set_m128i(p[stride], p[0])); }
  static V columns(Index first) {
    const V up = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    return _mm512_slli_epi32(_mm512_add_epi32(up, _mm512_set1_epi32(static_cast<int>(first))), 16);
  }
  static V second(V numbers) { return _mm512_slli_epi32(numbers, 8); }
  static unsigned some(V v) { return _mm512_test_epi32_mask(v, v); }
  /// Those of `where`, then up to a vector of others.
  static void write(std::uint32_t* to, unsigned where, V v) {
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(static_cast<__mmask16>(where), v));
  }
};
#else
/// Lane numbers of the bits that are set, for every mask of 8 bits: what brings those lanes to the front.
struct Fronts {
  alignas(32) std::uint8_t lanes[256][8];
  constexpr Fronts() : lanes{} {
    for (int mask = 0; mask < 256; ++mask)
      for (int bit = 0, at = 0; bit < 8; ++bit)
        if (mask >> bit & 1) lanes[mask][at++] = static_cast<std::uint8_t>(bit);
  }
};
constexpr Fronts fronts;

struct Entries {
  using V = __m256i;
  static constexpr int lanes = 8;
  static V numbers(const std::uint8_t* p) { return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))); }
  static V numbers(const std::uint8_t* p, int count) { return numbers(First<lanes>(p, count).bytes); }
  static V pairs(const __m128i* p, Index) { return _mm256_cvtepu16_epi32(p[0]); }
  static V columns(Index first) {
    const V up = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
    return _mm256_slli_epi32(_mm256_add_epi32(up, _mm256_set1_epi32(static_cast<int>(first))), 16);
  }
  static V second(V numbers) { return _mm256_slli_epi32(numbers, 8); }
  static unsigned some(V v) {
    const V none = _mm256_cmpeq_epi32(v, _mm256_setzero_si256());
    return 0xffu & ~static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(none)));
  }
  static void write(std::uint32_t* to, unsigned where, V v) {
    const V order = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(fronts.lanes[where])));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_permutevar8x32_epi32(v, order));
  }
};
#endif

/// Kernels::list_rows_of_bytes for columns of Vectors vectors.
template <int Vectors>
Index list_rows_of(const std::uint8_t* x, const std::uint8_t* y, Index first, Index last, Index at, std::int32_t* ends,
                   std::uint32_t* entries) {
  if constexpr (Vectors > 1)
    if (last - first <= (Vectors - 1) * Entries::lanes)
      return list_rows_of<Vectors - 1>(x, y, first, last, at, ends, entries);
  Entries::V all[Vectors];
  unsigned of_x[Vectors], of_y[Vectors];
#pragma GCC unroll 8
  for (int v = 0; v < Vectors; ++v) {
    const Index i = first + v * Entries::lanes;
    const int rest = static_cast<int>(last - i);
    const auto get = [=](const std::uint8_t* from) {
      return v + 1 == Vectors && rest < Entries::lanes ? Entries::numbers(from + i, rest) : Entries::numbers(from + i);
    };
    const Entries::V a = get(x), b = y ? get(y) : Entries::V{};
    of_x[v] = Entries::some(a);
    of_y[v] = Entries::some(b);
    all[v] = Entries::columns(i) | Entries::second(b) | a;
  }
#pragma GCC unroll 3
  for (int part = 0; part < 3; ++part) {
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) {
      const unsigned where = part == 0 ? of_x[v] & of_y[v] : part == 1 ? of_x[v] & ~of_y[v] : of_y[v] & ~of_x[v];
      Entries::write(entries + at, where, all[v]);
      at += __builtin_popcount(where);
    }
    ends[part] = static_cast<std::int32_t>(at);
  }
  return at;
}

/// Kernels::list_rows_of_bytes.
Index list_rows_of_bytes(const std::uint8_t* x, const std::uint8_t* y, Index first, Index last, Index at,
                         std::int32_t* ends, std::uint32_t* entries) {
  return list_rows_of<most_listed_at_once / Entries::lanes>(x, y, first, last, at, ends, entries);
}

/// y[j] lane i = x[i] lane j, lanes of 16 bits.
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

/// The lists of 16 rows of x' from `row` on, 8 pairs, for no more than most_listed_at_once columns. A pair is 16 bits: those of a vector's
/// columns are transposed at once.
inline Index list_16_columns_of_bytes(ByteRows x, Index row, Index first, Index last, Index at, std::int32_t* ends,
                                      std::uint32_t* entries) {
  constexpr int lanes = Entries::lanes;
  std::uint32_t of_pairs[8][most_listed_at_once + lanes];
  Index length[8] = {};
  for (Index i = first; i < last; i += lanes) {
    __m128i rows[lanes] = {}, pairs[lanes];  // of 8 columns, then of the next 8
    for (Index k = 0; k < lanes && i + k < last; ++k)
      rows[k] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x[i + k] + row));
    for (int k = 0; k < lanes; k += 8) transpose_8(rows + k, pairs + k);
    const Entries::V column = Entries::columns(i);
#pragma GCC unroll 8
    for (int pair = 0; pair < 8; ++pair) {
      const Entries::V both = Entries::pairs(pairs + pair, 8);
      const unsigned where = Entries::some(both);
      Entries::write(&of_pairs[pair][length[pair]], where, column | both);
      length[pair] += __builtin_popcount(where);
    }
  }
  for (int pair = 0; pair < 8; ++pair) {
    for (Index k = 0; k < length[pair]; k += lanes)
      __builtin_memcpy(entries + at + k, &of_pairs[pair][k], sizeof(Entries::V));
    *ends++ = static_cast<std::int32_t>(at += length[pair]);
  }
  return at;
}

/// Kernels::list_columns_of_bytes.
Index list_columns_of_bytes(ByteRows x, Index rows, Index first, Index last, Index at, std::int32_t* ends,
                            std::uint32_t* entries) {
  Index row = 0;
  if (last - first <= most_listed_at_once)
    for (; row + 16 <= rows; row += 16)
      at = list_16_columns_of_bytes(x, row, first, last, at, ends + row / 2, entries);
  for (; row < rows; row += 2) {
    for (Index i = first; i < last; ++i) {
      const std::uint8_t a = x[i][row], b = x[i][row + 1];
      entries[at] = static_cast<std::uint32_t>(i) << 16 | static_cast<std::uint32_t>(b) << 8 | a;
      at += static_cast<Index>((a | b) != 0);
    }
    ends[row / 2] = static_cast<std::int32_t>(at);
  }
  return at;
}

/// few: samples below which whole products are cheaper than lists.
constexpr Kernels<float> with_lists_of_bytes(Kernels<float> kernels, Index few) {
  kernels.few_listed = few;
  kernels.listed_product = listed_product;
  kernels.list_rows_of_bytes = list_rows_of_bytes;
  kernels.list_columns_of_bytes = list_columns_of_bytes;
  return kernels;
}

}  // namespace
}  // namespace fedsim::compiled
