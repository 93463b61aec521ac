#include "train/compiled/factors.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/clones.h"
#include "train/compiled/lists.h"

namespace fedsim::compiled {
namespace {

/// Rows of a matrix that are a block: whole tiles of a product, and some blocks of several vectors stay in a cache.
template <class T>
Index rows_of_block(const Kernels<T>& kernels, Index columns) {
  return kernels.tile_rows * std::max<Index>(1, 6144 / (kernels.tile_rows * columns));
}

/// The same of a matrix that comes by columns; pairs of its rows share a list.
template <class T>
Index rows_of_block_by_columns(const Kernels<T>& kernels, Index columns) {
  return 2 * rows_of_block(kernels, 2 * columns);
}

/// A range of the flat vector.
template <class T>
class Piece {
 public:
  Piece(Index first, Index size, Index block) : first_(first), size_(size), block_(block) {}
  virtual ~Piece() = default;
  Index first() const { return first_; }
  Index size() const { return size_; }
  /// Of the block that begins at `at`, counted from first().
  Index block(Index at) const { return std::min(block_, size_ - at); }
  virtual const T* stored(Index) const { return nullptr; }
  /// Bytes of memory of its own.
  virtual std::size_t held() const = 0;
  virtual void compute(Index at, T* out) const = 0;

 private:
  Index first_, size_, block_;
};

#define FEDSIM_ROW_LOOPS(T)                                                                               \
  FEDSIM_CLONES void scale_row(const T* a, T factor, Index n, T* to) {                                    \
    for (Index i = 0; i < n; ++i) to[i] = factor * a[i];                                                  \
  }                                                                                                       \
  FEDSIM_CLONES void add_sizes(const T* a, T factor, Index n, T* sums) {                                  \
    for (Index i = 0; i < n; ++i) sums[i] += std::abs(a[i]) * factor;                                     \
  }
FEDSIM_ROW_LOOPS(float)
FEDSIM_ROW_LOOPS(double)
#undef FEDSIM_ROW_LOOPS

/// [rows, columns] as whole vectors a row, zeros behind.
template <class T>
Buffer copy_of(const T* a, Index rows, Index columns, Index a_row, Index row) {
  Buffer copy(static_cast<std::size_t>(rows * row) * sizeof(T));
  T* to = static_cast<T*>(copy.data());
  for (Index i = 0; i < rows; ++i, to += row) std::fill(std::copy_n(a + i * a_row, columns, to), to + row, T(0));
  return copy;
}

/// d with rows of `row`, times what the numbers in x stand for.
template <class T>
Buffer scaled_d(const Factor<T>& f, Index row) {
  Buffer scaled(static_cast<std::size_t>(f.rows * row) * sizeof(T));
  T* to = static_cast<T*>(scaled.data());
  for (Index i = 0; i < f.rows; ++i, to += row) {
    scale_row(f.d + i * f.d_row, f.x.unit, f.out, to);
    std::fill(to + f.out, to + row, T(0));
  }
  return scaled;
}

/// Values in memory of the change.
template <class T>
class Stored final : public Piece<T> {
 public:
  Stored(const Kernels<T>& kernels, const typename Written<T>::Part& w)
      : Piece<T>(w.first, w.rows * w.columns,
                 w.columns * (w.by_columns ? rows_of_block_by_columns(kernels, w.columns) : rows_of_block(kernels, w.columns))),
        values_(w.values) {}
  const T* stored(Index at) const override { return values_ + at; }
  std::size_t held() const override { return 0; }
  void compute(Index at, T* out) const override { std::copy_n(stored(at), this->block(at), out); }

 private:
  const T* values_;
};

template <class T>
class Bias final : public Piece<T> {
 public:
  Bias(const Kernels<T>& kernels, const Factor<T>& f)
      : Piece<T>(f.bias, f.out, f.out), sums_(static_cast<std::size_t>(f.out) * sizeof(T)) {
    T* sums = static_cast<T*>(sums_.data());
    const Buffer d = copy_of(f.d, f.rows, f.out, f.d_row, f.out);
    kernels.column_sums(static_cast<const T*>(d.data()), f.rows, f.out, sums);
  }
  std::size_t held() const override { return sums_.bytes(); }
  void compute(Index, T* out) const override { std::copy_n(static_cast<const T*>(sums_.data()), this->size(), out); }

 private:
  Buffer sums_;
};

/// d' x, whole tiles of the product at a time.
template <class T>
class ByRows final : public Piece<T> {
 public:
  ByRows(const Kernels<T>& kernels, const Factor<T>& f)
      : Piece<T>(f.weight, f.out * f.in, rows_of_block(kernels, f.in) * f.in),
        kernels_(kernels),
        f_(f),
        d_(scaled_d(f, f.out)),
        x_(f.x.bytes ? Buffer() : copy_of(f.x.numbers, f.rows, f.in, f.in, f.in)) {
    if (f.x.bytes) bytes_.assign(f.x.bytes, f.x.bytes + f.rows);
  }

  std::size_t held() const override { return d_.bytes() + x_.bytes(); }
  void compute(Index at, T* out) const override {
    kernels_.product({.rows = this->block(at) / f_.in,
                      .columns = f_.in,
                      .inner = f_.rows,
                      .a = static_cast<const T*>(d_.data()) + at / f_.in,
                      .a_row = 1,
                      .a_inner = f_.out,
                      .b = static_cast<const T*>(x_.data()),
                      .b_inner = f_.in,
                      .b_bytes = bytes_.empty() ? nullptr : bytes_.data(),
                      .c = out,
                      .c_row = f_.in});
  }

 private:
  const Kernels<T>& kernels_;
  Factor<T> f_;
  Buffer d_, x_;
  std::vector<const std::uint8_t*> bytes_;  // in place of x
};

/// x' d.
template <class T>
class ByColumns final : public Piece<T> {
 public:
  ByColumns(const Kernels<T>& kernels, const Factor<T>& f)
      : Piece<T>(f.weight, f.out * f.in, rows_of_block_by_columns(kernels, f.out) * f.out),
        kernels_(kernels),
        f_(f),
        d_row_(padded(kernels, f.out)),
        d_(scaled_d(f, d_row_)) {
    if (f.listed)
      listed_ = lists_.of_transposed(kernels, f.x, f.in, f.rows, samples_at_once);
    else
      x_ = copy_of(f.x.numbers, f.rows, f.in, f.in, f.in);
  }

  std::size_t held() const override { return d_.bytes() + x_.bytes() + lists_.bytes(); }
  void compute(Index at, T* out) const override {
    const Index first = at / f_.out, rows = this->block(at) / f_.out;
    const T* d = static_cast<const T*>(d_.data());
    if (f_.listed)
      kernels_.listed_product({.a = listed_,
                               .first = first,
                               .rows = rows,
                               .columns = f_.out,
                               .b = d,
                               .b_row = d_row_,
                               .c = out,
                               .c_row = f_.out});
    else
      kernels_.product({.rows = rows,
                        .columns = f_.out,
                        .inner = f_.rows,
                        .a = static_cast<const T*>(x_.data()) + first,
                        .a_row = 1,
                        .a_inner = f_.in,
                        .b = d,
                        .b_inner = d_row_,
                        .c = out,
                        .c_row = f_.out});
  }

 private:
  static constexpr Index samples_at_once = 64;  // some vectors each of d stay in the core's first cache
  const Kernels<T>& kernels_;
  Factor<T> f_;
  Index d_row_;
  Buffer d_, x_;
  Lists<T> lists_;
  Listed<T> listed_{};
};

/// What is known of the size of a part without its values.
struct Extent {
  Squares squares;
  double largest = 0;  // no value is larger; NaN where that is not known
};

/// |d' x|^2 = sum over pairs of rows of (d_i . d_j)(x_i . x_j), and one more than the latter for the bias. No value is larger
/// than max_j sum_i |d_ij| max(|x_i|, 1), for which |x_i| need not be read again. A thousandth for the rounding.
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
    const T length = std::sqrt(std::max(inner[place(i, i)], T(1)));
    add_sizes(f.d + i * f.d_row, length, f.out, sums.data());
  }
  result.largest = 1.001 * static_cast<double>(*std::max_element(sums.begin(), sums.end()));
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
class FactoredChange final : public BlockVector {
 public:
  FactoredChange(const Kernels<T>& kernels, Index size, const std::vector<Factor<T>>& factors,
                 Written<T> written)
      : size_(size), memory_(std::move(written.memory)) {
    Extent whole;
    const auto count_in = [&](const Extent& part) {
      whole.squares.sum += part.squares.sum;
      whole.squares.terms += part.squares.terms;
      whole.largest = std::max(whole.largest, part.largest);
    };
    for (const Factor<T>& f : factors) {
      if (f.by_columns) {
        add_matrix(f.weight, f.out, f.in);
        pieces_.push_back(std::make_unique<ByColumns<T>>(kernels, f));
      } else {
        pieces_.push_back(std::make_unique<ByRows<T>>(kernels, f));
      }
      if (f.bias >= 0) pieces_.push_back(std::make_unique<Bias<T>>(kernels, f));
      count_in(extent(kernels, f));
    }
    for (const auto& part : written.parts) {
      if (part.by_columns) add_matrix(part.first, part.columns, part.rows);
      pieces_.push_back(std::make_unique<Stored<T>>(kernels, part));
      count_in(extent<T>(part));
    }
    std::ranges::sort(pieces_, {}, [](const auto& piece) { return piece->first(); });
    std::ranges::sort(matrices_, {}, &MatrixAt::first);
    magnitude_ = {.norm = std::sqrt(whole.squares.sum), .largest = whole.largest};
    // Products that cancel, as near an optimum, or are not finite say little; NaN in any of them is in the sum.
    const bool certain = cancellation * whole.squares.sum > whole.squares.terms && std::isfinite(whole.squares.terms) &&
                         whole.largest < static_cast<double>(std::numeric_limits<T>::max());
    if (!certain) magnitude_ = measure(values_of(*this));
  }

  std::size_t size() const override { return static_cast<std::size_t>(size_); }
  Dtype dtype() const override { return std::is_same_v<T, float> ? Dtype::float32 : Dtype::float64; }
  Magnitude magnitude() const override { return magnitude_; }
  std::span<const MatrixAt> by_columns() const override { return matrices_; }

  std::size_t block(std::size_t first) const override {
    const Piece<T>& piece = at(first);
    return static_cast<std::size_t>(piece.block(static_cast<Index>(first) - piece.first()));
  }
  std::size_t held() const override {
    std::size_t sum = memory_.bytes();
    for (const auto& piece : pieces_) sum += piece->held();
    return sum;
  }
  const void* stored(std::size_t first) const override {
    const Piece<T>& piece = at(first);
    return piece.stored(static_cast<Index>(first) - piece.first());
  }
  void compute(std::size_t first, void* out) const override {
    const Piece<T>& piece = at(first);
    piece.compute(static_cast<Index>(first) - piece.first(), static_cast<T*>(out));
  }

 private:
  void add_matrix(Index first, Index rows, Index columns) {
    matrices_.push_back({.first = static_cast<std::size_t>(first),
                         .rows = static_cast<std::size_t>(rows),
                         .columns = static_cast<std::size_t>(columns)});
  }

  static constexpr double cancellation = 64;  // the norm keeps its digits but two

  const Piece<T>& at(std::size_t first) const {
    auto piece = pieces_.begin();
    while (piece + 1 != pieces_.end() && (piece[1])->first() <= static_cast<Index>(first)) ++piece;
    return **piece;
  }

  Index size_;
  Buffer memory_;
  std::vector<std::unique_ptr<const Piece<T>>> pieces_;
  std::vector<MatrixAt> matrices_;
  Magnitude magnitude_;
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

template <class T>
std::unique_ptr<const BlockVector> factored_change(const Kernels<T>& kernels, Index size,
                                                   const std::vector<Factor<T>>& factors, Written<T> written) {
  return std::make_unique<FactoredChange<T>>(kernels, size, factors, std::move(written));
}
template std::unique_ptr<const BlockVector> factored_change(const Kernels<float>&, Index,
                                                            const std::vector<Factor<float>>&, Written<float>);
template std::unique_ptr<const BlockVector> factored_change(const Kernels<double>&, Index,
                                                            const std::vector<Factor<double>>&, Written<double>);

}  // namespace fedsim::compiled
