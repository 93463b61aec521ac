#include "core/vec.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "core/clones.h"

namespace fedsim {
namespace {

// fma is fused on every instruction set (by libm where the processor has none).
#define FEDSIM_LOOPS(T, FMA)                                                                             \
  FEDSIM_CLONES void add(T* a, const T* b, std::size_t n) {                                              \
    for (std::size_t i = 0; i < n; ++i) a[i] += b[i];                                                    \
  }                                                                                                      \
  FEDSIM_CLONES void subtract(T* out, const T* a, const T* b, std::size_t n) {                           \
    for (std::size_t i = 0; i < n; ++i) out[i] = a[i] - b[i];                                            \
  }                                                                                                      \
  FEDSIM_CLONES void scale(T* a, T s, std::size_t n) {                                                   \
    for (std::size_t i = 0; i < n; ++i) a[i] *= s;                                                       \
  }                                                                                                      \
  FEDSIM_CLONES void divide(T* a, T s, std::size_t n) {                                                  \
    for (std::size_t i = 0; i < n; ++i) a[i] /= s;                                                       \
  }                                                                                                      \
  FEDSIM_CLONES void axpy(T* a, T s, const T* b, std::size_t n) {                                        \
    for (std::size_t i = 0; i < n; ++i) a[i] = FMA(s, b[i], a[i]);                                       \
  }                                                                                                      \
  /* Sixteen interleaved partial sums, added in order: the same on every instruction set. */             \
  FEDSIM_CLONES double dot_product(const T* a, const T* b, std::size_t n) {                              \
    double part[16] = {};                                                                                \
    std::size_t i = 0;                                                                                   \
    for (; i + 16 <= n; i += 16)                                                                         \
      for (std::size_t j = 0; j < 16; ++j) part[j] += static_cast<double>(a[i + j]) * static_cast<double>(b[i + j]); \
    for (std::size_t j = 0; i + j < n; ++j) part[j] += static_cast<double>(a[i + j]) * static_cast<double>(b[i + j]); \
    double sum = 0;                                                                                      \
    for (double p : part) sum += p;                                                                      \
    return sum;                                                                                          \
  }

FEDSIM_LOOPS(float, __builtin_fmaf)
FEDSIM_LOOPS(double, __builtin_fma)
#undef FEDSIM_LOOPS

/// Interleaved partial sums, added in order: the same on every instruction set. The bits of |x| order as |x|
/// does, and lie above those of infinity for NaN: an integer maximum, which every instruction set has, finds the
/// largest value and what is not finite at once.
template <class T, class Bits, bool Squares = true>
struct Measure {
  static constexpr std::size_t lanes = 32;
  static constexpr Bits without_sign = std::numeric_limits<Bits>::max();
  double squares[lanes] = {};
  Bits most[lanes] = {};

  [[gnu::always_inline]] void add(const T* a, std::size_t n) {
    const std::size_t whole = n / lanes * lanes;
    for (std::size_t i = 0; i < whole; i += lanes)
      for (std::size_t j = 0; j < lanes; ++j) add(j, a[i + j]);
    for (std::size_t i = whole; i < n; ++i) add(i - whole, a[i]);
  }
  [[gnu::always_inline]] void add(std::size_t lane, T x) {
    most[lane] = std::max(most[lane], std::bit_cast<Bits>(x) & without_sign);
    if constexpr (Squares) squares[lane] += static_cast<double>(x) * static_cast<double>(x);
  }
  [[gnu::always_inline]] double largest() const {
    const T value = std::bit_cast<T>(*std::max_element(most, most + lanes));
    return std::isfinite(value) ? static_cast<double>(value) : std::numeric_limits<double>::infinity();
  }
  [[gnu::always_inline]] Magnitude magnitude() const {
    return {.norm = std::sqrt(std::accumulate(squares, squares + lanes, 0.0)), .largest = largest()};
  }
};

#define FEDSIM_MEASURE(T, BITS)                                           \
  FEDSIM_CLONES Magnitude measured_by_values(const T* a, std::size_t n) { \
    Measure<T, BITS> all;                                                 \
    all.add(a, n);                                                        \
    return all.magnitude();                                               \
  }                                                                       \
  FEDSIM_CLONES double largest(const T* a, std::size_t n) {               \
    Measure<T, BITS, false> all;                                          \
    all.add(a, n);                                                        \
    return all.largest();                                                 \
  }
FEDSIM_MEASURE(float, std::int32_t)
FEDSIM_MEASURE(double, std::int64_t)
#undef FEDSIM_MEASURE

/// Float32 values by eights: their squares are added in float32 first, which is 4 roundings, and the largest such sum bounds
/// the largest value. Takes half the time.
struct MeasureEights {
  static constexpr std::size_t lanes = 16, at_once = 8 * lanes;
  double squares[lanes] = {};
  std::int32_t most[lanes] = {};  // bits of the largest sum

  [[gnu::always_inline]] void add(std::size_t lane, float sum) {
    most[lane] = std::max(most[lane], std::bit_cast<std::int32_t>(sum));
    squares[lane] += static_cast<double>(sum);
  }
  [[gnu::always_inline]] void add(const float* a, std::size_t n) {
    const std::size_t whole = n / at_once * at_once;
    for (std::size_t i = 0; i < whole; i += at_once)
      for (std::size_t j = 0; j < lanes; ++j) {
        const auto square = [x = a + i + j](std::size_t k) { return x[k * lanes] * x[k * lanes]; };
        add(j, ((square(0) + square(1)) + (square(2) + square(3))) + ((square(4) + square(5)) + (square(6) + square(7))));
      }
    for (std::size_t i = whole; i < n; ++i) add(i % lanes, a[i] * a[i]);
  }
  /// The largest sum was rounded by less than 2^-20 of itself.
  [[gnu::always_inline]] Magnitude magnitude() const {
    const auto largest = static_cast<double>(std::bit_cast<float>(*std::max_element(most, most + lanes)));
    return {.norm = std::sqrt(std::accumulate(squares, squares + lanes, 0.0)), .largest = (1 + 0x1p-20) * std::sqrt(largest)};
  }
};

FEDSIM_CLONES Magnitude measured(const float* a, std::size_t n) {
  MeasureEights quick;
  quick.add(a, n);
  const Magnitude result = quick.magnitude();
  // All values are finite, a sum is at most 1e36, and what squares below the normal numbers lose is nothing beside the largest.
  if (result.largest >= 1e-12 && result.norm <= 1e18) return result;
  return measured_by_values(a, n);
}
Magnitude measured(const double* a, std::size_t n) { return measured_by_values(a, n); }

void check(const Vec& a, const Vec& b) {
  if (a.size() != b.size() || a.dtype() != b.dtype())
    throw std::logic_error("vectors of different size or dtype: " + std::to_string(a.size()) + " and " +
                           std::to_string(b.size()));
}

/// Calls f with a null pointer of the vector's value type.
template <class F>
auto with_type(const Vec& a, F&& f) {
  return a.dtype() == Dtype::float32 ? f(static_cast<float*>(nullptr)) : f(static_cast<double*>(nullptr));
}

template <class T>
constexpr Dtype dtype_of = sizeof(T) == 4 ? Dtype::float32 : Dtype::float64;

}  // namespace

Vec::Vec(std::size_t size, Dtype dtype) : Vec(uninitialized(size, dtype)) {
  if (size > 0) std::memset(data(), 0, bytes());
}

Vec Vec::uninitialized(std::size_t size, Dtype dtype) {
  Vec result;
  result.buffer_ = Buffer(size * size_of(dtype));
  result.size_ = size;
  result.dtype_ = dtype;
  return result;
}

template <class T>
Vec Vec::of(std::span<const T> values) {
  Vec result = uninitialized(values.size(), dtype_of<T>);
  if (!values.empty()) std::memcpy(result.data(), values.data(), values.size_bytes());
  return result;
}
template Vec Vec::of(std::span<const float>);
template Vec Vec::of(std::span<const double>);

template <class T>
std::span<const T> Vec::as() const {
  if (dtype_of<T> != dtype_) throw std::logic_error("vector read as another dtype");
  return {static_cast<const T*>(data()), size_};
}
template <class T>
std::span<T> Vec::as() {
  if (dtype_of<T> != dtype_) throw std::logic_error("vector read as another dtype");
  return {static_cast<T*>(data()), size_};
}
template std::span<const float> Vec::as<float>() const;
template std::span<const double> Vec::as<double>() const;
template std::span<float> Vec::as<float>();
template std::span<double> Vec::as<double>();

double Vec::at(std::size_t i) const {
  return dtype_ == Dtype::float32 ? static_cast<double>(as<float>()[i]) : as<double>()[i];
}

void Vec::set(std::size_t i, double value) {
  if (dtype_ == Dtype::float32)
    as<float>()[i] = static_cast<float>(value);
  else
    as<double>()[i] = value;
}

Vec& Vec::operator+=(const Vec& other) {
  check(*this, other);
  with_type(*this, [&]<class T>(T*) { add(as<T>().data(), other.as<T>().data(), size_); });
  return *this;
}

Vec& Vec::operator-=(const Vec& other) {
  check(*this, other);
  with_type(*this, [&]<class T>(T*) { subtract(as<T>().data(), as<T>().data(), other.as<T>().data(), size_); });
  return *this;
}

Vec& Vec::operator*=(double factor) {
  with_type(*this, [&]<class T>(T*) { scale(as<T>().data(), static_cast<T>(factor), size_); });
  return *this;
}

Vec& Vec::operator/=(double divisor) {
  with_type(*this, [&]<class T>(T*) { divide(as<T>().data(), static_cast<T>(divisor), size_); });
  return *this;
}

Vec& Vec::add_scaled(double factor, const Vec& other) {
  check(*this, other);
  with_type(*this,
            [&]<class T>(T*) { axpy(as<T>().data(), static_cast<T>(factor), other.as<T>().data(), size_); });
  return *this;
}

bool operator==(const Vec& a, const Vec& b) {
  return a.size_ == b.size_ && a.dtype_ == b.dtype_ && (a.size_ == 0 || std::memcmp(a.data(), b.data(), a.bytes()) == 0);
}

Vec operator+(Vec a, const Vec& b) {
  a += b;
  return a;
}

Vec operator-(const Vec& a, const Vec& b) {
  check(a, b);
  Vec result = Vec::uninitialized(a.size(), a.dtype());
  with_type(a, [&]<class T>(T*) {
    subtract(result.as<T>().data(), a.as<T>().data(), b.as<T>().data(), a.size());
  });
  return result;
}

Vec operator-(Vec&& a, const Vec& b) {
  a -= b;
  return std::move(a);
}

Vec operator-(Vec a) {
  a *= -1.0;
  return a;
}
Vec operator*(double factor, Vec a) {
  a *= factor;
  return a;
}
Vec operator*(Vec a, double factor) {
  a *= factor;
  return a;
}
Vec operator/(Vec a, double divisor) {
  a /= divisor;
  return a;
}

double dot(const Vec& a, const Vec& b) {
  check(a, b);
  return with_type(a, [&]<class T>(T*) { return dot_product(a.as<T>().data(), b.as<T>().data(), a.size()); });
}

Magnitude measure(const Vec& a) {
  return with_type(a, [&]<class T>(T*) { return measured(a.as<T>().data(), a.size()); });
}
double max_abs(const Vec& a) {
  return with_type(a, [&]<class T>(T*) { return max_abs(a.as<T>().data(), a.size()); });
}
double max_abs(const float* a, std::size_t n) { return n == 0 ? 0 : largest(a, n); }
double max_abs(const double* a, std::size_t n) { return n == 0 ? 0 : largest(a, n); }
Magnitude measure(const float* a, std::size_t n) { return measured(a, n); }
Magnitude measure(const double* a, std::size_t n) { return measured(a, n); }

}  // namespace fedsim
