// Inner products of bytes, in whole numbers.
#pragma once

#include "train/compiled/kernels.h"
#include "train/compiled/simd.h"

namespace fedsim::compiled {
namespace {

#if defined(__AVX512BW__)
using Words = __m512i;
inline Words words(const std::uint8_t* p) {
  return _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline void add_products(Words& sums, Words a, Words b) { sums = _mm512_add_epi32(sums, _mm512_madd_epi16(a, b)); }
#elif defined(__AVX2__)
using Words = __m256i;
inline Words words(const std::uint8_t* p) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline void add_products(Words& sums, Words a, Words b) { sums = _mm256_add_epi32(sums, _mm256_madd_epi16(a, b)); }
#else
typedef std::int32_t Words __attribute__((vector_size(16)));
inline Words words(const std::uint8_t* p) { return Words{p[0], p[1], p[2], p[3]}; }
inline void add_products(Words& sums, Words a, Words b) { sums += a * b; }
#endif
#if defined(__AVX2__)
constexpr int words_length = sizeof(Words) / 2;
#else
constexpr int words_length = 4;
#endif

/// The sum of all lanes, which is below 2^31.
inline std::int32_t total(const Words& sums) {
  std::int32_t lanes[sizeof(Words) / 4], sum = 0;
  __builtin_memcpy(lanes, &sums, sizeof lanes);
  for (const std::int32_t lane : lanes) sum += lane;
  return sum;
}

/// Rows x Columns inner products of rows of a and of b, both `a_row` apart, of no more than 32768 bytes: 255^2 times as
/// many are below 2^31.
template <int Rows, int Columns>
void inner_tile(const std::uint8_t* a, const std::uint8_t* b, Index a_row, Index length, double (&sums)[Rows][Columns]) {
  Words lanes[Rows][Columns] = {};
  const auto step = [&](const std::uint8_t* from_a, const std::uint8_t* from_b, Index row) {
    Words right[Columns];
#pragma GCC unroll 16
    for (int j = 0; j < Columns; ++j) right[j] = words(from_b + j * row);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const Words left = words(from_a + r * row);
#pragma GCC unroll 16
      for (int j = 0; j < Columns; ++j) add_products(lanes[r][j], left, right[j]);
    }
  };
  Index i = 0;
  for (; i + words_length <= length; i += words_length) step(a + i, b + i, a_row);
  if (i < length) {
    std::uint8_t rest[Rows + Columns][words_length] = {};
    for (int r = 0; r < Rows + Columns; ++r)
      for (Index k = i; k < length; ++k) rest[r][k - i] = r < Rows ? a[r * a_row + k] : b[(r - Rows) * a_row + k];
    step(rest[0], rest[Rows], words_length);
  }
  for (int r = 0; r < Rows; ++r)
    for (int j = 0; j < Columns; ++j) sums[r][j] += total(lanes[r][j]);
}

/// The inner products of rows [r, r + Rows) and [s, s + Columns).
template <class T, int Rows, int Columns>
void inner_block(const std::uint8_t* a, Index rows, Index columns, double unit, Index r, Index s, T* inner) {
  constexpr Index at_once = 32768;
  double sums[Rows][Columns] = {};
  for (Index i = 0; i < columns; i += at_once)
    inner_tile<Rows, Columns>(a + r * columns + i, a + s * columns + i, columns,
                              columns - i < at_once ? columns - i : at_once, sums);
  for (int k = 0; k < Rows; ++k)
    for (int j = 0; j < Columns; ++j)
      if (s + j <= r + k) inner[(r + k) * rows + s + j] = static_cast<T>(unit * sums[k][j]);
}

template <class T>
void inner_products_of_bytes(const std::uint8_t* a, Index rows, Index columns, double unit, T* inner) {
  constexpr int side = 4;
  for (Index r = 0; r < rows; r += side)
    for (Index s = 0; s < r + side && s < rows; s += side) {
      if (r + side <= rows && s + side <= rows) {
        inner_block<T, side, side>(a, rows, columns, unit, r, s, inner);
        continue;
      }
      for (Index k = r; k < rows && k < r + side; ++k)
        for (Index j = s; j <= k && j < s + side; ++j) inner_block<T, 1, 1>(a, rows, columns, unit, k, j, inner);
    }
}

}  // namespace
}  // namespace fedsim::compiled
