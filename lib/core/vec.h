// Flat parameter vectors of float32 or float64, so that an algorithm reads like its paper: w += eta * delta.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "core/buffer.h"

namespace fedsim {

enum class Dtype : std::uint8_t { float32, float64 };
inline std::size_t size_of(Dtype dtype) { return dtype == Dtype::float32 ? 4 : 8; }
inline const char* name_of(Dtype dtype) { return dtype == Dtype::float32 ? "float32" : "float64"; }

/// [d] values of one dtype, 64-byte aligned. Arithmetic is elementwise in that dtype, in index order; scalars are
/// double and are rounded to the dtype first. Operands must agree in size and dtype (std::logic_error: our mistake).
class Vec {
 public:
  Vec() = default;
  Vec(std::size_t size, Dtype dtype);  // zeros
  static Vec uninitialized(std::size_t size, Dtype dtype);
  template <class T>
  static Vec of(std::span<const T> values);  // T float or double

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Dtype dtype() const { return dtype_; }
  std::size_t bytes() const { return size_ * size_of(dtype_); }
  const void* data() const { return buffer_.data(); }
  void* data() { return buffer_.data(); }
  /// T must be the dtype's type.
  template <class T>
  std::span<const T> as() const;
  template <class T>
  std::span<T> as();
  double at(std::size_t i) const;  // one value as double, for tests and small vectors
  void set(std::size_t i, double value);

  Vec& operator+=(const Vec& other);
  Vec& operator-=(const Vec& other);
  Vec& operator*=(double factor);
  Vec& operator/=(double divisor);
  Vec& add_scaled(double factor, const Vec& other);  // this += factor * other (fused multiply-add)
  friend bool operator==(const Vec& a, const Vec& b);  // bit for bit

 private:
  Buffer buffer_;
  std::size_t size_ = 0;
  Dtype dtype_ = Dtype::float32;
};

Vec operator+(Vec a, const Vec& b);
Vec operator-(const Vec& a, const Vec& b);
Vec operator-(Vec&& a, const Vec& b);  // in place
Vec operator-(Vec a);
Vec operator*(double factor, Vec a);
Vec operator*(Vec a, double factor);
Vec operator/(Vec a, double divisor);

/// Dot product, accumulated in double in a fixed order (the same on every instruction set).
double dot(const Vec& a, const Vec& b);

/// How large a vector is, read once.
struct Magnitude {
  double norm = 0;     // Euclidean, in a fixed order, accumulated in double; of float32 right to 1.2e-7
  double largest = 0;  // at least max |a_i|, of float32 at most 2.83 times that; infinity where any value is not finite
};
Magnitude measure(const Vec& a);
Magnitude measure(const float* a, std::size_t n);
Magnitude measure(const double* a, std::size_t n);
inline double norm(const Vec& a) { return measure(a).norm; }
/// max |a_i|; infinity where any value is not finite.
double max_abs(const Vec& a);
double max_abs(const float* a, std::size_t n);
double max_abs(const double* a, std::size_t n);

/// Named vectors: the state of an algorithm or of a client. Order by name, so files are canonical.
using NamedVectors = std::map<std::string, Vec, std::less<>>;

}  // namespace fedsim
