#include "data/samples.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <type_traits>
#include <utility>

#include "core/clones.h"
#include "core/memory.h"
#include "core/prefetch.h"

namespace fedsim {
namespace {

/// Sums over a training set are exact for integers and accurate for floats: two passes in double.
template <class T>
Scale standard_scale(const std::vector<T>& values, std::int64_t elements, std::int64_t groups) {
  const auto width = static_cast<std::size_t>(elements / groups);
  const auto per_sample = static_cast<std::size_t>(elements);
  std::vector<double> mean(static_cast<std::size_t>(groups)), deviation(static_cast<std::size_t>(groups));
  const double n = static_cast<double>(values.size() / per_sample) * static_cast<double>(width);
  for (int pass = 0; pass < 2; ++pass) {
    for (std::size_t begin = 0; begin < values.size(); begin += per_sample)
      for (std::size_t group = 0; group < mean.size(); ++group) {
        double sum = 0;
        for (std::size_t i = 0; i < width; ++i) {
          const auto value = static_cast<double>(values[begin + group * width + i]);
          sum += pass == 0 ? value : (value - mean[group]) * (value - mean[group]);
        }
        (pass == 0 ? mean : deviation)[group] += sum;
      }
    for (auto& value : pass == 0 ? mean : deviation) value /= n;
  }
  for (auto& value : deviation) value = value > 0 ? std::sqrt(value) : 1;
  return {std::move(mean), std::move(deviation)};
}

/// One group: contiguous, no branch, so the compiler vectorises the conversion. A true division, so that unit
/// is exactly x/255 as PyTorch's ToTensor has it.
template <class From, class To>
void convert(const From* from, To* to, std::size_t n, To shift, To divisor) {
  for (std::size_t i = 0; i < n; ++i) to[i] = (static_cast<To>(from[i]) - shift) / divisor;
}

/// Bytes to float32, where most of a small model's time would go into divisions. With r the rounded reciprocal and q
/// the rounded product x r, q + (x - q d) r in fused arithmetic is the correctly rounded quotient (Markstein 1990,
/// "Computation of elementary functions on the IBM RISC System/6000 processor", theorem 7): the bits of the division.
FEDSIM_CLONES void quotients(const std::uint8_t* __restrict from, float* __restrict to, std::size_t n, float shift, float divisor) {
  const float reciprocal = 1 / divisor;
  for (std::size_t i = 0; i < n; ++i) {
    const float x = static_cast<float>(from[i]) - shift, q = x * reciprocal;
    to[i] = __builtin_fmaf(__builtin_fmaf(-q, divisor, x), reciprocal, q);
  }
}

bool fused_arithmetic() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("fma");  // without, fma is a slow call
#else
  return true;
#endif
}

void convert(const std::uint8_t* from, float* to, std::size_t n, float shift, float divisor) {
  static const bool fused = fused_arithmetic();
  if (fused)
    quotients(from, to, n, shift, divisor);
  else
    convert<std::uint8_t, float>(from, to, n, shift, divisor);
}

/// One group a feature: shift and divisor run along.
template <class From, class To>
void convert(const From* from, To* to, std::size_t n, const double* shift, const double* divisor) {
  for (std::size_t i = 0; i < n; ++i)
    to[i] = static_cast<To>((static_cast<double>(from[i]) - shift[i]) / divisor[i]);
}

}  // namespace

std::int64_t count(const Features& features) {
  return std::visit([](const auto& values) { return static_cast<std::int64_t>(values.size()); }, features);
}

std::size_t bytes(const Features& features) {
  return std::visit([](const auto& values) { return values.size() * sizeof(values[0]); }, features);
}

Scale make_scale(const std::string& name, const Features& train, const Shape& shape, bool tokens) {
  if (tokens || name == "none") return {};
  if (name == "standard") {
    const auto per_sample = elements(shape);
    if (count(train) == 0) return {};
    const auto groups = shape.size() == 3 ? shape[0] : per_sample;
    return std::visit([&](const auto& values) { return standard_scale(values, per_sample, groups); }, train);
  }
  if (!std::holds_alternative<std::vector<std::uint8_t>>(train)) return {};
  if (name == "symmetric") return {{127.5}, {127.5}};
  return {{0.0}, {255.0}};
}

MemorySamples::MemorySamples(Features x, std::vector<std::int32_t> y, std::int64_t elements,
                             std::int64_t targets, Scale scale)
    : x_(std::move(x)),
      y_(std::move(y)),
      size_(static_cast<std::int64_t>(y_.size()) / targets),
      elements_(elements),
      targets_(targets),
      scale_(std::move(scale)) {
  assert(count(x_) == size_ * elements_);
  assert(scale_.identity() || elements_ % static_cast<std::int64_t>(scale_.shift.size()) == 0);
  std::visit([](const auto& stored) { use_large_pages(stored.data(), stored.size() * sizeof(stored[0])); }, x_);
}

template <class T>
void MemorySamples::gather_as(std::span<const std::int64_t> rows, T* x, std::int32_t* y) const {
  const auto per_sample = static_cast<std::size_t>(elements_);
  const auto groups = std::max<std::size_t>(scale_.shift.size(), 1);
  const auto width = per_sample / groups;
  std::visit(
      [&](const auto& stored) {
        for (const auto row : rows) {
          assert(row >= 0 && row < size_);
          const auto* from = stored.data() + static_cast<std::size_t>(row) * per_sample;
          if (scale_.identity()) {
            for (std::size_t i = 0; i < per_sample; ++i) x[i] = static_cast<T>(from[i]);
          } else if (width == 1) {
            convert(from, x, per_sample, scale_.shift.data(), scale_.divisor.data());
          } else {
            for (std::size_t group = 0; group < groups; ++group)
              convert(from + group * width, x + group * width, width, static_cast<T>(scale_.shift[group]),
                      static_cast<T>(scale_.divisor[group]));
          }
          x += per_sample;
          y = copy_targets(row, y);
        }
      },
      x_);
}

void MemorySamples::gather(std::span<const std::int64_t> rows, float* x, std::int32_t* y) const {
  gather_as(rows, x, y);
}

void MemorySamples::gather(std::span<const std::int64_t> rows, double* x, std::int32_t* y) const {
  gather_as(rows, x, y);
}

float MemorySamples::byte_divisor() const {
  if (!std::holds_alternative<std::vector<std::uint8_t>>(x_)) return 0;
  if (scale_.identity()) return 1;
  return scale_.shift.size() == 1 && scale_.shift[0] == 0 ? static_cast<float>(scale_.divisor[0]) : 0;
}

void MemorySamples::find(std::span<const std::int64_t> rows, const std::uint8_t** x, std::int32_t* y) const {
  const auto& stored = std::get<std::vector<std::uint8_t>>(x_);
  for (const auto row : rows) {
    assert(row >= 0 && row < size_);
    *x++ = stored.data() + row * elements_;
    y = copy_targets(row, y);
  }
}

void MemorySamples::expect(std::span<const std::int64_t> rows, const std::uint8_t** x) const {
  const auto& stored = std::get<std::vector<std::uint8_t>>(x_);
  for (const auto row : rows) {
    assert(row >= 0 && row < size_);
    *x++ = stored.data() + row * elements_;
    ask_for(y_.data() + row * targets_);
  }
}

void MemorySamples::prefetch(std::span<const std::int64_t> rows) const {
  const auto [data, each] = std::visit(
      [](const auto& stored) { return std::pair(reinterpret_cast<const char*>(stored.data()), sizeof(stored[0])); }, x_);
  const std::size_t bytes = static_cast<std::size_t>(elements_) * each;
  for (const std::int64_t row : rows) {
    ask_for_all(data + static_cast<std::size_t>(row) * bytes, bytes);
    ask_for(y_.data() + row * targets_);
  }
}

}  // namespace fedsim
