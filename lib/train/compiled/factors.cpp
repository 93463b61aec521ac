#include "train/compiled/factors.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/clones.h"
#include "train/compiled/factored_sum.h"

namespace fedsim::compiled {
namespace {

#define FEDSIM_ROW_LOOPS(T)                                                                               \
  FEDSIM_CLONES void add_sizes(const T* a, T factor, Index n, T* sums) {                                  \
    for (Index i = 0; i < n; ++i) sums[i] += std::abs(a[i]) * factor;                                     \
  }
FEDSIM_ROW_LOOPS(float)
FEDSIM_ROW_LOOPS(double)
#undef FEDSIM_ROW_LOOPS

/// [rows, columns] without what is between the rows.
template <class T>
Buffer copy_of(const T* a, Index rows, Index columns, Index a_row) {
  Buffer copy(static_cast<std::size_t>(rows * columns) * sizeof(T));
  T* to = static_cast<T*>(copy.data());
  for (Index i = 0; i < rows; ++i) to = std::copy_n(a + i * a_row, columns, to);
  return copy;
}

/// What is known of the size of a part without its values.
struct Extent {
  Squares squares;
  double largest = 0;  // no value is larger; infinity where that is not known
};

/// |d' x|^2 = sum over pairs of rows of (d_i . d_j)(x_i . x_j), and one more than the latter for the bias. No value is larger
/// than max_j sum_i |d_ij| max(|x_i|, 1, unit), for which |x_i| need not be read again; nor is what a sum of them makes of d,
/// the weight and the unit. A thousandth for the rounding.
template <class T>
Extent extent(const Kernels<T>& kernels, const Factor<T>& f) {
  Extent result{.squares = f.squares};
  std::vector<T> xx, dd;
  const auto place = [&](Index i, Index j) { return static_cast<std::size_t>(i * f.rows + j); };
  if (f.inner == nullptr) {
    xx.resize(place(f.rows, 0));
    inner_products(kernels, f.x, f.rows, f.in, xx.data());
  }
  const T* inner = f.inner ? f.inner : xx.data();
  if (f.inner == nullptr || f.bias >= 0) {
    dd.resize(place(f.rows, 0));
    inner_products(kernels, f.d, f.rows, f.out, f.d_row, T(1), dd.data());
    const double one = f.bias < 0 ? 0 : 1;
    for (Index i = 0; i < f.rows; ++i)
      for (Index j = 0; j <= i; ++j)
        result.squares.add((j < i ? 2 : 1) * static_cast<double>(dd[place(i, j)]) *
                           (f.inner ? one : static_cast<double>(inner[place(i, j)]) + one));
  }
  std::vector<T> sums(static_cast<std::size_t>(f.out));
  for (Index i = 0; i < f.rows; ++i) {
    const T length = std::max({std::sqrt(inner[place(i, i)]), T(1), f.x.unit});
    add_sizes(f.d + i * f.d_row, length, f.out, sums.data());
  }
  result.largest = 1.001 * max_abs(sums.data(), sums.size());
  return result;
}

template <class T>
Extent extent(const typename Written<T>::Part& w) {
  const Magnitude size = measure(w.values, static_cast<std::size_t>(w.rows * w.columns));
  Extent result{.squares = {}, .largest = size.largest};
  result.squares.add(size.norm * size.norm);
  return result;
}

template <class T>
class FactoredChange final : public SealedChange {
 public:
  FactoredChange(const Kernels<T>& kernels, Index size, const std::vector<Factor<T>>& factors, Written<T> written)
      : kernels_(kernels), size_(size) {
    Extent whole;
    const auto count_in = [&](const Extent& part) {
      whole.squares.sum += part.squares.sum;
      whole.squares.terms += part.squares.terms;
      whole.largest = std::max(whole.largest, part.largest);
    };
    for (const Factor<T>& f : factors) {
      parts_.factors.emplace_back(f);
      count_in(extent(kernels, f));
    }
    parts_.written = std::move(written);
    for (const auto& part : parts_.written.parts) count_in(extent<T>(part));
    magnitude_ = {.norm = std::sqrt(whole.squares.sum), .largest = whole.largest};
    // Products that cancel, as near an optimum, or are not finite say little; NaN in any of them is in the sum.
    const bool is_bounded = std::isfinite(whole.squares.terms) && whole.largest < static_cast<double>(std::numeric_limits<T>::max());
    bound_ = is_bounded ? whole.largest : std::numeric_limits<double>::infinity();
    if (!is_bounded || cancellation * whole.squares.sum <= whole.squares.terms) magnitude_ = measure(values_of(*this));
  }

  std::size_t size() const override { return static_cast<std::size_t>(size_); }
  Dtype dtype() const override { return std::is_same_v<T, float> ? Dtype::float32 : Dtype::float64; }
  Magnitude magnitude() const override { return magnitude_; }
  double bound() const override { return bound_; }
  std::size_t held() const override {
    std::size_t sum = parts_.written.memory.bytes();
    for (const HeldFactor<T>& f : parts_.factors) sum += f.held();
    return sum;
  }

  bool joins(const SealedChange& other) const override {
    const auto* o = dynamic_cast<const FactoredChange*>(&other);
    return o != nullptr && o->size_ == size_ &&
           std::ranges::equal(parts_.factors, o->parts_.factors, [](const auto& a, const auto& b) { return a.joins(b); }) &&
           std::ranges::equal(parts_.written.parts, o->parts_.written.parts, [](const auto& a, const auto& b) {
             return a.first == b.first && a.rows == b.rows && a.columns == b.columns && a.by_columns == b.by_columns;
           });
  }
  std::unique_ptr<const BlockVector> sum(std::span<const WeightedChange> terms) const override {
    std::vector<WeightedParts<T>> all;
    for (const auto& [change, weight] : terms)
      all.push_back({&dynamic_cast<const FactoredChange&>(*change).parts_, static_cast<T>(weight)});
    return factored_sum(kernels_, size_, all);
  }

 private:
  static constexpr double cancellation = 64;  // the norm keeps its digits but two
  const Kernels<T>& kernels_;
  Index size_;
  Parts<T> parts_;
  Magnitude magnitude_;
  double bound_;
};

}  // namespace

template <class T>
void inner_products(const Kernels<T>& kernels, const T* a, Index rows, Index columns, Index a_row, T unit, T* inner) {
  constexpr Index at_once = 12;
  for (Index first = 0; first < rows; first += at_once) {
    const Index count = std::min(at_once, rows - first);
    kernels.dot_product({.rows = count,
                         .columns = first + count,
                         .inner = columns,
                         .a = a + first * a_row,
                         .a_row = a_row,
                         .unit = unit,
                         .b = a,
                         .b_row = a_row,
                         .c = inner + first * rows,
                         .c_row = rows});
  }
}
template <class T>
void inner_products(const Kernels<T>& kernels, const Inputs<T>& x, Index rows, Index columns, T* inner) {
  if (x.bytes)
    kernels.inner_products_of_bytes(x.bytes, rows, columns, static_cast<double>(x.unit) * static_cast<double>(x.unit), inner);
  else
    inner_products(kernels, x.numbers, rows, columns, columns, x.unit * x.unit, inner);
}
template void inner_products(const Kernels<float>&, const Inputs<float>&, Index, Index, float*);
template void inner_products(const Kernels<double>&, const Inputs<double>&, Index, Index, double*);

/// True where d is all that its memory holds: other memory is longer, as of a larger client before.
template <class T>
bool is_all(const Factor<T>& f) {
  return f.memory && f.memory->bytes() == static_cast<std::size_t>(f.rows * f.d_row) * sizeof(T);
}

template <class T>
HeldFactor<T>::HeldFactor(const Factor<T>& f)
    : weight(f.weight), bias(f.bias), rows(f.rows), out(f.out), in(f.in), d_row(is_all(f) ? f.d_row : f.out),
      by_columns(f.by_columns), listed(f.listed), unit(f.x.unit),
      d(is_all(f) ? std::move(*f.memory) : copy_of(f.d, f.rows, f.out, f.d_row)) {
  if (f.x.bytes)
    bytes.assign(f.x.bytes, f.x.bytes + f.rows);
  else
    x = copy_of(f.x.numbers, f.rows, f.in, f.in);
}

template <class T>
bool HeldFactor<T>::joins(const HeldFactor& other) const {
  return weight == other.weight && bias == other.bias && out == other.out && in == other.in &&
         by_columns == other.by_columns && listed == other.listed && bytes.empty() == other.bytes.empty();
}

template <class T>
std::size_t HeldFactor<T>::held() const {
  return static_cast<std::size_t>(rows * out) * sizeof(T) + x.bytes() + bytes.size() * static_cast<std::size_t>(in);
}

template struct HeldFactor<float>;
template struct HeldFactor<double>;

template <class T>
std::unique_ptr<const SealedChange> factored_change(const Kernels<T>& kernels, Index size,
                                                    const std::vector<Factor<T>>& factors, Written<T> written) {
  return std::make_unique<FactoredChange<T>>(kernels, size, factors, std::move(written));
}
template std::unique_ptr<const SealedChange> factored_change(const Kernels<float>&, Index,
                                                             const std::vector<Factor<float>>&, Written<float>);
template std::unique_ptr<const SealedChange> factored_change(const Kernels<double>&, Index,
                                                             const std::vector<Factor<double>>&, Written<double>);

}  // namespace fedsim::compiled
