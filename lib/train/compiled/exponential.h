// e^x and what follows from it, a vector at a time. Within a few roundings of the true value on every x (tests
// compare with the C library); NaN stays NaN. As simd.h: all of it in an unnamed namespace.
#pragma once

#include "train/compiled/simd.h"

namespace fedsim::compiled {
namespace {

/// The numbers of a format. ln 2 = ln2_high + ln2_low, and n ln2_high is exact for every n that occurs (Cody and
/// Waite 1980). x is held in [lowest, highest], where 2^n is a normal number.
template <class T>
struct Format;

template <>
struct Format<float> {
  using Bits = std::uint32_t;
  typedef Bits V __attribute__((vector_size(vector_bytes)));
  static constexpr int mantissa = 23, degree = 7;
  static constexpr Bits exponent_of_1 = 127;
  static constexpr float ln2_high = 0x1.63p-1F, ln2_low = -0x1.bd0106p-13F;
  static constexpr float lowest = -87, highest = 88;
};
template <>
struct Format<double> {
  using Bits = std::uint64_t;
  typedef Bits V __attribute__((vector_size(vector_bytes)));
  static constexpr int mantissa = 52, degree = 13;
  static constexpr Bits exponent_of_1 = 1023;
  static constexpr double ln2_high = 0x1.62e42fee00000p-1, ln2_low = 0x1.a39ef35793c76p-33;
  static constexpr double lowest = -708, highest = 709;
};

template <class T>
constexpr T reciprocal_factorial(int n) {
  double product = 1;
  for (int k = 2; k <= n; ++k) product *= k;
  return static_cast<T>(1 / product);
}

/// sum over K <= k <= degree of r^(k - K) / k!, by Horner's rule.
template <class T, int K>
inline Vector<T> series(Vector<T> r) {
  const Vector<T> first = broadcast(reciprocal_factorial<T>(K));
  if constexpr (K == Format<T>::degree)
    return first;
  else
    return first + r * series<T, K + 1>(r);
}

/// e^x = scale (1 + rest), scale a power of 2, |rest| < 0.42.
template <class T>
struct Exponential {
  Vector<T> scale, rest;
};

/// x = n ln 2 + r with |r| <= ln(2) / 2; the Taylor series of e^r - 1 to r^7 / 7! (r^13 / 13! in double) leaves less
/// than 6e-9 (2e-17).
template <class T>
inline Exponential<T> exponential(Vector<T> x) {
  using F = Format<T>;
  // Adding 1.5 2^mantissa rounds to an integer and leaves it in the low bits.
  constexpr T magic = T(1.5) * static_cast<T>(std::uint64_t{1} << F::mantissa);
  x = x < F::lowest ? broadcast(F::lowest) : x;
  x = x > F::highest ? broadcast(F::highest) : x;
  const Vector<T> shifted = x * T(1.4426950408889634074) + magic;
  const Vector<T> n = shifted - magic;
  const Vector<T> r = (x - n * F::ln2_high) - n * F::ln2_low;
  typename F::V bits;
  __builtin_memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + F::exponent_of_1) << F::mantissa;
  Exponential<T> result;
  __builtin_memcpy(&result.scale, &bits, sizeof bits);
  result.rest = r * series<T, 1>(r);
  return result;
}

template <class T>
inline Vector<T> sigmoid(Vector<T> x) {
  const Exponential<T> e = exponential<T>(-x);
  return T(1) / (T(1) + (e.scale + e.scale * e.rest));
}

/// (e^2x - 1) / (e^2x + 1); the numerator without cancellation, so that small x keep their digits.
template <class T>
inline Vector<T> tanh_of(Vector<T> x) {
  const Exponential<T> e = exponential<T>(x + x);
  const Vector<T> numerator = e.scale * e.rest + (e.scale - T(1));
  return numerator / (numerator + T(2));
}

}  // namespace
}  // namespace fedsim::compiled
