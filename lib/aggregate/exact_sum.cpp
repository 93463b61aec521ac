#include "aggregate/exact_sum.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

#include "core/clones.h"

namespace fedsim {
namespace {

constexpr int class_bits = 4;
constexpr int smallest_class = -200;  // below 2^-800 the unit would underflow; such terms share one class
constexpr int kept_classes = 16;      // 64 bits

// |x factor| < 2^51: added to 1.5 2^52 its integer part, rounded to nearest even, stands in the low bits of the
// mantissa. Plain adds and multiplies: every instruction set gives the same bits.
constexpr double magic = 6755399441055744.0;

#define FEDSIM_ACCUMULATE(T)                                                                 \
  FEDSIM_CLONES void accumulate(std::int64_t* sum, const T* x, double factor, std::size_t n) { \
    const auto zero = std::bit_cast<std::int64_t>(magic);                                    \
    for (std::size_t i = 0; i < n; ++i)                                                      \
      sum[i] += std::bit_cast<std::int64_t>(static_cast<double>(x[i]) * factor + magic) - zero; \
  }
FEDSIM_ACCUMULATE(float)
FEDSIM_ACCUMULATE(double)
#undef FEDSIM_ACCUMULATE

FEDSIM_CLONES void add_integers(std::int64_t* sum, const std::int64_t* x, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) sum[i] += x[i];
}

FEDSIM_CLONES void add_converted(double* total, const std::int64_t* sum, double unit, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) total[i] += static_cast<double>(sum[i]) * unit;
}

template <class T>
void divide(T* out, const double* total, double divisor, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<T>(total[i] / divisor);
}

}  // namespace

ExactSum::ExactSum(std::size_t size, std::int64_t terms)
    : size_(size),
      bits_(std::min(51, 62 - static_cast<int>(std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(terms, 1)))))) {}

double ExactSum::unit(int number) const { return std::ldexp(1.0, class_bits * number - bits_); }

std::vector<std::int64_t>* ExactSum::of_class(int number) {
  if (!classes_.empty() && number < classes_.rbegin()->first - kept_classes) return nullptr;
  auto& sum = classes_[number];
  if (sum.empty()) {
    sum.assign(size_, 0);
    classes_.erase(classes_.begin(), classes_.lower_bound(classes_.rbegin()->first - kept_classes));
  }
  return &sum;
}

bool ExactSum::add(const Vec& x, double largest, std::int64_t weight) {
  if (x.size() != size_) throw std::logic_error("ExactSum: a vector of another size");
  const double bound = largest * static_cast<double>(weight);
  if (!std::isfinite(bound)) return false;
  if (bound == 0) return true;
  int exponent = 0;
  std::frexp(bound, &exponent);  // bound < 2^exponent
  const int number = std::max(smallest_class, static_cast<int>(std::ceil(static_cast<double>(exponent) / class_bits)));
  auto* sum = of_class(number);
  if (sum == nullptr) return true;
  const double factor = static_cast<double>(weight) / unit(number);
  if (x.dtype() == Dtype::float32)
    accumulate(sum->data(), x.as<float>().data(), factor, size_);
  else
    accumulate(sum->data(), x.as<double>().data(), factor, size_);
  return true;
}

void ExactSum::merge(const ExactSum& other) {
  if (other.size_ != size_ || other.bits_ != bits_) throw std::logic_error("ExactSum: merge of different sums");
  for (auto entry = other.classes_.rbegin(); entry != other.classes_.rend(); ++entry)
    if (auto* sum = of_class(entry->first)) add_integers(sum->data(), entry->second.data(), size_);
}

Vec ExactSum::quotient(double divisor, Dtype dtype) const {
  Vec result = Vec::uninitialized(size_, dtype);
  std::vector<double> total(size_, 0.0);
  for (const auto& [number, sum] : classes_) add_converted(total.data(), sum.data(), unit(number), size_);
  if (dtype == Dtype::float32)
    divide(result.as<float>().data(), total.data(), divisor, size_);
  else
    divide(result.as<double>().data(), total.data(), divisor, size_);
  return result;
}

}  // namespace fedsim
