// Bytes as numbers, and their inner products in whole numbers.
#pragma once

#include "train/compiled/kernels.h"
#include "train/compiled/simd.h"

namespace fedsim::compiled {
namespace {

template <class T>
void numbers(const std::uint8_t* x, Index n, T* y) {
  Index i = 0;
  for (; i + Simd<T>::lanes <= n; i += Simd<T>::lanes) store(y + i, load_as<T>(x + i));
  for (; i < n; ++i) y[i] = x[i];
}

struct UnsignedBytes {
  template <class V>
  static V right(V bytes) {
    return bytes;
  }
  static double missing(const std::uint8_t*, Index) { return 0; }
};

// Lanes of 32 bits that take the products of `length` bytes at a time: operands, what an operand is on the right, sums. With
// `count`, only so many bytes are there. VNNI takes signed bytes on the right, so that the numbers there are 128 less.
#if defined(__AVX512VNNI__)
struct Bytes {
  using V = __m512i;
  static constexpr int length = 64;
  static V operand(const std::uint8_t* p) { return _mm512_loadu_si512(p); }
  static V operand(const std::uint8_t* p, int count) { return _mm512_maskz_loadu_epi8((__mmask64{1} << count) - 1, p); }
  static V right(V bytes) { return _mm512_xor_si512(bytes, _mm512_set1_epi8(static_cast<char>(0x80))); }
  static void add(V& sums, V a, V b) { sums = _mm512_dpbusd_epi32(sums, a, b); }
  /// What the products of n bytes with numbers on the right lack.
  static double missing(const std::uint8_t* p, Index n) {
    V sums = {};
    for (Index i = 0; i < n; i += length) {
      const V bytes = n - i < length ? operand(p + i, static_cast<int>(n - i)) : operand(p + i);
      sums = _mm512_add_epi64(sums, _mm512_sad_epu8(bytes, V{}));
    }
    return 128 * static_cast<double>(_mm512_reduce_add_epi64(sums));
  }
};
#elif defined(__AVX512BW__)
struct Bytes : UnsignedBytes {
  using V = __m512i;
  static constexpr int length = 32;
  static V operand(const std::uint8_t* p) {
    return _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static V operand(const std::uint8_t* p, int count) {
    return _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8((__mmask32{1} << count) - 1, p));
  }
  static void add(V& sums, V a, V b) { sums = _mm512_add_epi32(sums, _mm512_madd_epi16(a, b)); }
};
#elif defined(__AVX2__)
struct Bytes : UnsignedBytes {
  using V = __m256i;
  static constexpr int length = 16;
  static V operand(const std::uint8_t* p) {
    return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static V operand(const std::uint8_t* p, int count) { return operand(First<length>(p, count).bytes); }
  static void add(V& sums, V a, V b) { sums = _mm256_add_epi32(sums, _mm256_madd_epi16(a, b)); }
};
#else
struct Bytes : UnsignedBytes {
  typedef std::int32_t V __attribute__((vector_size(16)));
  static constexpr int length = 4;
  static V operand(const std::uint8_t* p) { return V{p[0], p[1], p[2], p[3]}; }
  static V operand(const std::uint8_t* p, int count) { return operand(First<length>(p, count).bytes); }
  static void add(V& sums, V a, V b) { sums += a * b; }
};
#endif

// sums[i] = the sum of the lanes of v[i], i < 4, below 2^31.
#if defined(__AVX2__)
inline void lane_sums(const __m256i* v, std::int32_t* sums) {
  const __m256i ab = _mm256_hadd_epi32(v[0], v[1]), cd = _mm256_hadd_epi32(v[2], v[3]);
  const __m256i all = _mm256_hadd_epi32(ab, cd);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(sums),
                   _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1)));
}
#endif
#if defined(__AVX512F__)
inline void lane_sums(const __m512i* v, std::int32_t* sums) {
  __m256i halves[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i)
    halves[i] = _mm256_add_epi32(_mm512_castsi512_si256(v[i]), _mm512_extracti64x4_epi64(v[i], 1));
  lane_sums(halves, sums);
}
#elif !defined(__AVX2__)
inline void lane_sums(const Bytes::V* v, std::int32_t* sums) {
  for (int i = 0; i < 4; ++i) sums[i] = v[i][0] + v[i][1] + v[i][2] + v[i][3];
}
#endif

/// Rows x 4 inner products of bytes [first, first + length) of rows of a and of b, length no more than 32768: 255^2 times as
/// many are below 2^31. Only the first `columns` rows of b are there.
template <int Rows>
void inner_tile(ByteRows a, ByteRows b, Index first, Index length, int columns, double (&sums)[Rows][4]) {
  const std::uint8_t *left_rows[Rows], *right_rows[4];
  for (int r = 0; r < Rows; ++r) left_rows[r] = a[r] + first;
  for (int j = 0; j < 4; ++j) right_rows[j] = b[j < columns ? j : 0] + first;
  Bytes::V lanes[Rows][4] = {};
  const auto step = [&](Index i, auto... rest) {
    Bytes::V right[4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) right[j] = Bytes::right(Bytes::operand(right_rows[j] + i, rest...));
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      const Bytes::V left = Bytes::operand(left_rows[r] + i, rest...);
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) Bytes::add(lanes[r][j], left, right[j]);
    }
  };
  // The rest first: g++ keeps sums in memory that go two ways after a loop.
  const Index rest = length % Bytes::length;
  if (rest > 0) step(length - rest, static_cast<int>(rest));
  for (Index i = 0; i + Bytes::length <= length; i += Bytes::length) step(i);
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
    std::int32_t total[4];
    lane_sums(lanes[r], total);
    for (int j = 0; j < 4; ++j) sums[r][j] += total[j];
  }
}

/// The inner products of rows [r, r + Rows) with those up to themselves.
template <class T, int Rows>
void inner_rows(ByteRows a, Index rows, Index columns, double unit, Index r, T* inner) {
  constexpr Index at_once = 32768;
  double missing[Rows];
  for (int k = 0; k < Rows; ++k) missing[k] = Bytes::missing(a[r + k], columns);
  for (Index s = 0; s < r + Rows; s += 4) {
    const int count = static_cast<int>(rows - s < 4 ? rows - s : 4);
    double sums[Rows][4] = {};
    for (Index i = 0; i < columns; i += at_once)
      inner_tile<Rows>(a + r, a + s, i, columns - i < at_once ? columns - i : at_once, count, sums);
    for (int k = 0; k < Rows; ++k) {
      T four[4];
      for (int j = 0; j < 4; ++j) four[j] = static_cast<T>(unit * (sums[k][j] + missing[k]));
      T* to = inner + (r + k) * rows + s;
      const Index up_to_itself = r + k - s + 1;
      if (up_to_itself >= 4)
        __builtin_memcpy(to, four, sizeof four);
      else
        for (Index j = 0; j < up_to_itself; ++j) to[j] = four[j];
    }
  }
}

/// From row r on, Rows at a time, the rest in fewer.
template <class T, int Rows>
void inner_rows_from(Index r, ByteRows a, Index rows, Index columns, double unit, T* inner) {
  for (; r + Rows <= rows; r += Rows) inner_rows<T, Rows>(a, rows, columns, unit, r, inner);
  if constexpr (Rows > 1) inner_rows_from<T, Rows / 2>(r, a, rows, columns, unit, inner);
}

#if defined(__AVX512F__)
constexpr int inner_rows_at_once = 6;  // x 4 sums, 4 operands on the right, one on the left: 29 registers
#else
constexpr int inner_rows_at_once = 4;
#endif

template <class T>
void inner_products_of_bytes(ByteRows a, Index rows, Index columns, double unit, T* inner) {
  inner_rows_from<T, inner_rows_at_once>(0, a, rows, columns, unit, inner);
}

}  // namespace
}  // namespace fedsim::compiled
