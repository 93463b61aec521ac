// Vectors of the instruction set that the including file is compiled for. Everything is in an unnamed
// namespace: code for AVX-512 must never be merged by the linker with code that runs on every processor.
#pragma once

#include <cstdint>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace fedsim::compiled {
namespace {

#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
constexpr int tile_rows = 14;  // x 2 vectors: 28 sums, 2 values of b, 32 registers
constexpr int wide_rows = 6;   // x 4 vectors
constexpr int dot_rows = 6;    // x 4 columns: 24 sums
#elif defined(__AVX2__)
constexpr int vector_bytes = 32;
constexpr int tile_rows = 6;
constexpr int wide_rows = 2;
constexpr int dot_rows = 3;
#else
constexpr int vector_bytes = 16;
constexpr int tile_rows = 6;
constexpr int wide_rows = 2;
constexpr int dot_rows = 2;
#endif

template <class T>
struct Simd;

template <>
struct Simd<float> {
  using T = float;
  typedef float V __attribute__((vector_size(vector_bytes)));
  typedef float Four __attribute__((vector_size(16)));
  static constexpr int lanes = vector_bytes / 4;
};
template <>
struct Simd<double> {
  using T = double;
  typedef double V __attribute__((vector_size(vector_bytes)));
  typedef double Four __attribute__((vector_size(32)));
  static constexpr int lanes = vector_bytes / 8;
};
template <class T>
using Vector = typename Simd<T>::V;

template <class T>
inline Vector<T> load(const T* p) {
  Vector<T> v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <class T>
inline void store(T* p, Vector<T> v) {
  __builtin_memcpy(p, &v, sizeof v);
}
template <class T>
inline Vector<T> broadcast(T value) {
  return value - Vector<T>{};  // x - 0 is x for every x, -0 and NaN too, and compiles to a broadcast
}

/// Has a value that is used twice read from memory once: some loops are a third slower where g++ reads it twice.
template <class V>
inline void keep_in_register(V& v) {
#if defined(__x86_64__)
  asm("" : "+v"(v));
#endif
}

// The first `count` lanes, 0 in the others; memory beyond them is not touched.
#if defined(__AVX512F__)
inline __mmask16 lanes16(int count) { return static_cast<__mmask16>((1u << count) - 1u); }
inline __mmask8 lanes8(int count) { return static_cast<__mmask8>((1u << count) - 1u); }
inline Vector<float> load(const float* p, int count) { return _mm512_maskz_loadu_ps(lanes16(count), p); }
inline Vector<double> load(const double* p, int count) { return _mm512_maskz_loadu_pd(lanes8(count), p); }
inline void store(float* p, Vector<float> v, int count) { _mm512_mask_storeu_ps(p, lanes16(count), v); }
inline void store(double* p, Vector<double> v, int count) { _mm512_mask_storeu_pd(p, lanes8(count), v); }
#elif defined(__AVX2__)
alignas(64) constexpr std::int32_t mask32[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
alignas(64) constexpr std::int64_t mask64[8] = {-1, -1, -1, -1};
inline __m256i lanes8(int count) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(mask32 + 8 - count));
}
inline __m256i lanes4(int count) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(mask64 + 4 - count));
}
inline Vector<float> load(const float* p, int count) { return _mm256_maskload_ps(p, lanes8(count)); }
inline Vector<double> load(const double* p, int count) { return _mm256_maskload_pd(p, lanes4(count)); }
inline void store(float* p, Vector<float> v, int count) { _mm256_maskstore_ps(p, lanes8(count), v); }
inline void store(double* p, Vector<double> v, int count) { _mm256_maskstore_pd(p, lanes4(count), v); }
#else
template <class T>
inline Vector<T> load(const T* p, int count) {
  Vector<T> v{};
  for (int i = 0; i < count; ++i) v[i] = p[i];
  return v;
}
template <class T>
inline void store(T* p, Vector<T> v, int count) {
  for (int i = 0; i < count; ++i) p[i] = v[i];
}
#endif

/// The first `count` bytes, zeros behind.
template <int Length>
struct First {
  First(const std::uint8_t* p, int count) {
    for (int i = 0; i < count; ++i) bytes[i] = p[i];
  }
  std::uint8_t bytes[Length] = {};
};

// Bytes, as numbers.
#if defined(__AVX512F__)
inline Vector<float> widened(const std::uint8_t* p, Vector<float>) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
inline Vector<double> widened(const std::uint8_t* p, Vector<double>) {
  return _mm512_cvtepi32_pd(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
#elif defined(__AVX2__)
inline Vector<float> widened(const std::uint8_t* p, Vector<float>) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
inline Vector<double> widened(const std::uint8_t* p, Vector<double>) {
  int four;
  __builtin_memcpy(&four, p, sizeof four);
  return _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(four)));
}
#else
template <class V>
inline V widened(const std::uint8_t* p, V v) {
  for (unsigned i = 0; i < sizeof v / sizeof v[0]; ++i) v[i] = p[i];
  return v;
}
#endif

/// Operands of type T, or bytes.
template <class T>
inline Vector<T> load_as(const T* p) {
  return load(p);
}
template <class T>
inline Vector<T> load_as(const T* p, int count) {
  return load(p, count);
}
template <class T>
inline Vector<T> load_as(const std::uint8_t* p) {
  return widened(p, Vector<T>{});
}
template <class T>
inline Vector<T> load_as(const std::uint8_t* p, int count) {
  return load_as<T>(First<Simd<T>::lanes>(p, count).bytes);
}

/// The vectors that begin at place i of several arrays; where Tail, only their first `count` lanes.
template <class T, bool Tail>
struct Lanes {
  std::int64_t i;
  int count;
  Vector<T> get(const T* p) const { return Tail ? load(p + i, count) : load(p + i); }
  void put(T* p, Vector<T> value) const {
    if constexpr (Tail)
      store(p + i, value, count);
    else
      store(p + i, value);
  }
};

/// Calls visit(Lanes) for the whole vectors of n values and for what is left.
template <class T, class Visit>
inline void for_vectors(std::int64_t n, const Visit& visit) {
  std::int64_t i = 0;
  for (; i + Simd<T>::lanes <= n; i += Simd<T>::lanes) visit(Lanes<T, false>{i, Simd<T>::lanes});
  if (i < n) visit(Lanes<T, true>{i, static_cast<int>(n - i)});
}

// sums[i] = the sum of the lanes of v[i], i < 4.
#if defined(__AVX2__)
// Lanes of 128 bits [a0 a1 a2 a3], [b..], [c..], [d..] to [a b c d].
inline __m128 fold(__m256 v) { return _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1)); }
inline __m128d fold(__m256d v) { return _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1)); }
#if defined(__AVX512F__)
inline __m256 half(__m512 v) {
  return _mm256_add_ps(_mm512_castps512_ps256(v),
                       _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1)));
}
inline __m256d half(__m512d v) {
  return _mm256_add_pd(_mm512_castpd512_pd256(v), _mm512_extractf64x4_pd(v, 1));
}
inline void lane_sums(const Vector<float>* v, float* sums) {
  const __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(v[0], v[1]), _mm512_unpackhi_ps(v[0], v[1]));
  const __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(v[2], v[3]), _mm512_unpackhi_ps(v[2], v[3]));
  _mm_storeu_ps(sums,
                fold(half(_mm512_add_ps(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xEE)))));
}
inline void lane_sums(const Vector<double>* v, double* sums) {
  _mm_storeu_pd(sums,
                fold(half(_mm512_add_pd(_mm512_unpacklo_pd(v[0], v[1]), _mm512_unpackhi_pd(v[0], v[1])))));
  _mm_storeu_pd(sums + 2,
                fold(half(_mm512_add_pd(_mm512_unpacklo_pd(v[2], v[3]), _mm512_unpackhi_pd(v[2], v[3])))));
}
#else
inline void lane_sums(const Vector<float>* v, float* sums) {
  const __m256 ab = _mm256_add_ps(_mm256_unpacklo_ps(v[0], v[1]), _mm256_unpackhi_ps(v[0], v[1]));
  const __m256 cd = _mm256_add_ps(_mm256_unpacklo_ps(v[2], v[3]), _mm256_unpackhi_ps(v[2], v[3]));
  _mm_storeu_ps(sums, fold(_mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xEE))));
}
inline void lane_sums(const Vector<double>* v, double* sums) {
  _mm_storeu_pd(sums, fold(_mm256_add_pd(_mm256_unpacklo_pd(v[0], v[1]), _mm256_unpackhi_pd(v[0], v[1]))));
  _mm_storeu_pd(sums + 2,
                fold(_mm256_add_pd(_mm256_unpacklo_pd(v[2], v[3]), _mm256_unpackhi_pd(v[2], v[3]))));
}
#endif
#else
template <class V, class T>
inline void lane_sums(const V* v, T* sums) {
  for (int i = 0; i < 4; ++i) {
    T sum = 0;
    for (int lane = 0; lane < Simd<T>::lanes; ++lane) sum += v[i][lane];
    sums[i] = sum;
  }
}
#endif

}  // namespace
}  // namespace fedsim::compiled
