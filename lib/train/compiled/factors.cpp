#include "train/compiled/factors.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/buffer.h"

namespace fedsim::compiled {
namespace {

template <class T>
class FactoredChange final : public BlockVector {
 public:
  FactoredChange(const Kernels<T>& kernels, Index size, std::vector<Factor<T>> factors)
      : kernels_(kernels), size_(size), factors_(std::move(factors)) {
    copy();
    magnitude_ = measured();
  }

  std::size_t size() const override { return static_cast<std::size_t>(size_); }
  Dtype dtype() const override { return std::is_same_v<T, float> ? Dtype::float32 : Dtype::float64; }
  Magnitude magnitude() const override { return magnitude_; }

  std::size_t block(std::size_t first) const override {
    const Factor<T>& f = at(first);
    if (static_cast<Index>(first) == f.bias) return static_cast<std::size_t>(f.out);
    const Index row = (static_cast<Index>(first) - f.weight) / f.in;
    return static_cast<std::size_t>(std::min(rows_at_once(f), f.out - row) * f.in);
  }

  void compute(std::size_t first, void* out) const override {
    const Factor<T>& f = at(first);
    T* values = static_cast<T*>(out);
    if (static_cast<Index>(first) == f.bias) return kernels_.column_sums(f.d, f.rows, f.out, values);
    const Index row = (static_cast<Index>(first) - f.weight) / f.in;
    kernels_.product({.rows = std::min(rows_at_once(f), f.out - row),
                      .columns = f.in,
                      .inner = f.rows,
                      .a = f.d + row,
                      .a_row = 1,
                      .a_inner = f.out,
                      .b = f.x,
                      .b_inner = f.in,
                      .c = values,
                      .c_row = f.in});
  }

 private:
  /// Whole tiles of the product; some blocks of several vectors stay in a cache.
  Index rows_at_once(const Factor<T>& f) const {
    return kernels_.tile_rows * std::max<Index>(1, 6144 / (kernels_.tile_rows * f.in));
  }

  const Factor<T>& at(std::size_t first) const {
    auto f = factors_.begin();
    while (f + 1 != factors_.end() && (f + 1)->weight <= static_cast<Index>(first)) ++f;
    return *f;
  }

  /// Own copies of d and of x.
  void copy() {
    Index count = 0;
    for (const Factor<T>& f : factors_) count += f.rows * (f.out + f.in);
    values_ = Buffer(static_cast<std::size_t>(count) * sizeof(T));
    T* to = static_cast<T*>(values_.data());
    for (Factor<T>& f : factors_) {
      f.d = std::exchange(to, std::copy_n(f.d, f.rows * f.out, to));
      f.x = std::exchange(to, std::copy_n(f.x, f.rows * f.in, to));
    }
  }

  /// |d' x|^2 = sum over pairs of rows of (d_i . d_j)(x_i . x_j), and one more for the bias; no value is larger than
  /// max_j sum_i |d_ij| max(|x_i|, 1), for which |x_i| need not be read again. A thousandth for the rounding.
  Magnitude measured() const {
    double squares = 0, largest = 0;
    for (const Factor<T>& f : factors_) {
      const std::vector<double> dd = products(f.d, f.rows, f.out), xx = products(f.x, f.rows, f.in);
      const double one = f.bias < 0 ? 0 : 1;
      for (std::size_t i = 0; i < dd.size(); ++i) squares += dd[i] * (xx[i] + one);
      std::vector<double> sums(static_cast<std::size_t>(f.out));
      for (Index i = 0; i < f.rows; ++i) {
        const double length = std::sqrt(std::max(xx[static_cast<std::size_t>(i * f.rows + i)], 1.0));
        for (Index j = 0; j < f.out; ++j)
          sums[static_cast<std::size_t>(j)] += std::abs(static_cast<double>(f.d[i * f.out + j])) * length;
      }
      largest = std::max(largest, 1.001 * *std::max_element(sums.begin(), sums.end()));
    }
    const bool finite = std::isfinite(squares) && largest < static_cast<double>(std::numeric_limits<T>::max());
    return {.norm = std::sqrt(std::max(squares, 0.0)),
            .largest = finite ? largest : std::numeric_limits<double>::infinity()};
  }

  /// [rows, rows] inner products of the rows of a [rows, columns], in double.
  static std::vector<double> products(const T* a, Index rows, Index columns) {
    const std::vector<double> wide(a, a + rows * columns);
    std::vector<double> result(static_cast<std::size_t>(rows * rows));
    best_kernels<double>().dot_product({.rows = rows,
                                        .columns = rows,
                                        .inner = columns,
                                        .a = wide.data(),
                                        .a_row = columns,
                                        .b = wide.data(),
                                        .b_row = columns,
                                        .c = result.data(),
                                        .c_row = rows});
    return result;
  }

  const Kernels<T>& kernels_;
  Index size_;
  std::vector<Factor<T>> factors_;
  Buffer values_;
  Magnitude magnitude_;
};

}  // namespace

template <class T>
std::unique_ptr<const BlockVector> factored_change(const Kernels<T>& kernels, Index size,
                                                   std::vector<Factor<T>> factors) {
  std::sort(factors.begin(), factors.end(), [](const auto& a, const auto& b) { return a.weight < b.weight; });
  return std::make_unique<FactoredChange<T>>(kernels, size, std::move(factors));
}
template std::unique_ptr<const BlockVector> factored_change(const Kernels<float>&, Index, std::vector<Factor<float>>);
template std::unique_ptr<const BlockVector> factored_change(const Kernels<double>&, Index, std::vector<Factor<double>>);

}  // namespace fedsim::compiled
