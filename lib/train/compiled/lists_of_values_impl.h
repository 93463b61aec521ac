// Lists of the float32 that are not 0, for AVX-512, which can write the values of a vector that are not 0 side by side:
// written one at a time they cost what they save.
#pragma once

#include "train/compiled/kernels.h"
#include "train/compiled/simd.h"

namespace fedsim::compiled {
namespace {

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

/// The lists of 16 rows of x', 8 pairs, for no more than most_listed_at_once columns. A pair of values is one of 64 bits, of
/// which 8 x 8 are transposed at a time.
inline Index list_16_columns(const float* x, Index x_row, Index first, Index last, Index at, std::int32_t* ends,
                             std::int32_t* columns, float* values) {
  const __m512i without_sign = _mm512_set1_epi64(0x7fffffff7fffffff);
  const __m256i up = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
  std::int32_t some_columns[8][most_listed_at_once + 8];
  std::int64_t some_values[8][most_listed_at_once + 8];
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

Index list_columns(const float* x, Index rows, Index first, Index last, Index at, std::int32_t* ends,
                   std::int32_t* columns, float* values) {
  Index row = 0;
  if (last - first <= most_listed_at_once)
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
