#include "train/compiled/factored_sum.h"

#include <algorithm>
#include <cassert>

#include "core/clones.h"
#include "train/compiled/lists.h"

namespace fedsim::compiled {
namespace {

#define FEDSIM_ROW_LOOPS(T)                                                                               \
  FEDSIM_CLONES void scale_row(const T* a, T factor, Index n, T* to) {                                    \
    for (Index i = 0; i < n; ++i) to[i] = factor * a[i];                                                  \
  }                                                                                                       \
  FEDSIM_CLONES void add_scaled_row(const T* a, T factor, Index n, T* to) {                               \
    for (Index i = 0; i < n; ++i) to[i] += factor * a[i];                                                 \
  }
FEDSIM_ROW_LOOPS(float)
FEDSIM_ROW_LOOPS(double)
#undef FEDSIM_ROW_LOOPS

/// Rows of a matrix that are a block: whole tiles of a product, that stay in a cache until they are summed.
template <class T>
Index rows_of_block(const Kernels<T>& kernels, Index columns) {
  return kernels.tile_rows * std::max<Index>(1, 6144 / (kernels.tile_rows * columns));
}

/// The same of a matrix that comes by columns; pairs of its rows share a list.
template <class T>
Index rows_of_block_by_columns(const Kernels<T>& kernels, Index columns) {
  return 2 * rows_of_block(kernels, 2 * columns);
}

/// The sum's values in a range of the flat vector.
template <class T>
class Piece {
 public:
  Piece(Index first, Index size, Index block) : first_(first), size_(size), block_(block) {}
  virtual ~Piece() = default;
  Index first() const { return first_; }
  Index size() const { return size_; }
  /// Of the block that begins at `at`, counted from first().
  Index block(Index at) const { return std::min(block_, size_ - at); }
  virtual void compute(Index at, T* out) const = 0;

 private:
  Index first_, size_, block_;
};

/// The factors of one layer in all terms, one below the other.
template <class T>
class Stacked {
 public:
  struct Term {
    const HeldFactor<T>* factor;
    T weight;
  };
  explicit Stacked(std::vector<Term> terms) : terms_(std::move(terms)) {
    for (const Term& term : terms_) rows_ += term.factor->rows;
  }
  const HeldFactor<T>& any() const { return *terms_.front().factor; }
  Index rows() const { return rows_; }

  /// d [rows, out] as rows of `row`, zeros behind, times the weights, and what the numbers in x stand for where asked for.
  Buffer weighted_d(Index row, bool units) const {
    Buffer all(static_cast<std::size_t>(rows_ * row) * sizeof(T));
    T* to = static_cast<T*>(all.data());
    const Index out = any().out;
    for (const auto& [f, weight] : terms_)
      for (Index i = 0; i < f->rows; ++i, to += row) {
        scale_row(static_cast<const T*>(f->d.data()) + i * f->d_row, units ? weight * f->unit : weight, out, to);
        std::fill(to + out, to + row, T(0));
      }
    return all;
  }
  /// x [rows, in], of numbers.
  Buffer x() const {
    Buffer all(static_cast<std::size_t>(rows_ * any().in) * sizeof(T));
    T* to = static_cast<T*>(all.data());
    for (const Term& term : terms_) to = std::copy_n(static_cast<const T*>(term.factor->x.data()), term.factor->rows * any().in, to);
    return all;
  }
  std::vector<const std::uint8_t*> bytes() const {
    std::vector<const std::uint8_t*> all;
    all.reserve(static_cast<std::size_t>(rows_));
    for (const Term& term : terms_) all.insert(all.end(), term.factor->bytes.begin(), term.factor->bytes.end());
    return all;
  }

 private:
  std::vector<Term> terms_;
  Index rows_ = 0;
};

template <class T>
class Bias final : public Piece<T> {
 public:
  Bias(const Kernels<T>& kernels, const Stacked<T>& all)
      : Piece<T>(all.any().bias, all.any().out, all.any().out), sums_(static_cast<std::size_t>(all.any().out) * sizeof(T)) {
    const Index out = all.any().out;
    kernels.column_sums(static_cast<const T*>(all.weighted_d(out, false).data()), all.rows(), out, static_cast<T*>(sums_.data()));
  }
  void compute(Index, T* out) const override { std::copy_n(static_cast<const T*>(sums_.data()), this->size(), out); }

 private:
  Buffer sums_;
};

/// d' x, whole tiles of the product at a time.
template <class T>
class ByRows final : public Piece<T> {
 public:
  ByRows(const Kernels<T>& kernels, const Stacked<T>& all)
      : Piece<T>(all.any().weight, all.any().out * all.any().in, rows_of_block(kernels, all.any().in) * all.any().in),
        kernels_(kernels),
        rows_(all.rows()),
        out_(all.any().out),
        in_(all.any().in),
        d_(all.weighted_d(out_, true)),
        bytes_(all.bytes()) {
    if (bytes_.empty()) x_ = all.x();
  }
  void compute(Index at, T* out) const override {
    kernels_.product({.rows = this->block(at) / in_,
                      .columns = in_,
                      .inner = rows_,
                      .a = static_cast<const T*>(d_.data()) + at / in_,
                      .a_row = 1,
                      .a_inner = out_,
                      .b = static_cast<const T*>(x_.data()),
                      .b_inner = in_,
                      .b_bytes = bytes_.empty() ? nullptr : bytes_.data(),
                      .c = out,
                      .c_row = in_});
  }

 private:
  const Kernels<T>& kernels_;
  Index rows_, out_, in_;
  Buffer d_, x_;
  std::vector<const std::uint8_t*> bytes_;  // in place of x
};

/// x' d.
template <class T>
class ByColumns final : public Piece<T> {
 public:
  ByColumns(const Kernels<T>& kernels, const Stacked<T>& all)
      : Piece<T>(all.any().weight, all.any().out * all.any().in,
                 rows_of_block_by_columns(kernels, all.any().out) * all.any().out),
        kernels_(kernels),
        rows_(all.rows()),
        out_(all.any().out),
        in_(all.any().in),
        d_row_(padded(kernels, out_)),
        is_listed_(all.any().listed),
        d_(all.weighted_d(d_row_, true)) {
    const std::vector<const std::uint8_t*> bytes = all.bytes();
    assert(bytes.empty() || rows_ <= most_columns_of_bytes);
    if (bytes.empty()) x_ = all.x();
    if (!is_listed_) return;
    const Inputs<T> x{.numbers = static_cast<const T*>(x_.data()), .bytes = bytes.empty() ? nullptr : bytes.data()};
    listed_ = lists_.of_transposed(kernels, x, in_, rows_, samples_at_once);
    x_ = Buffer();
  }
  void compute(Index at, T* out) const override {
    const Index first = at / out_, rows = this->block(at) / out_;
    const T* d = static_cast<const T*>(d_.data());
    if (is_listed_)
      kernels_.listed_product({.a = listed_,
                               .first = first,
                               .rows = rows,
                               .columns = out_,
                               .b = d,
                               .b_row = d_row_,
                               .c = out,
                               .c_row = out_});
    else
      kernels_.product({.rows = rows,
                        .columns = out_,
                        .inner = rows_,
                        .a = static_cast<const T*>(x_.data()) + first,
                        .a_row = 1,
                        .a_inner = in_,
                        .b = d,
                        .b_inner = d_row_,
                        .c = out,
                        .c_row = out_});
  }

 private:
  static constexpr Index samples_at_once = 48;  // some vectors each of d stay in the core's first cache
  const Kernels<T>& kernels_;
  Index rows_, out_, in_, d_row_;
  bool is_listed_;
  Buffer d_, x_;
  Lists<T> lists_;
  Listed<T> listed_{};
};

/// A tensor that is written down in all terms.
template <class T>
class Stored final : public Piece<T> {
 public:
  struct Term {
    const T* values;
    T weight;
  };
  Stored(const Kernels<T>& kernels, const typename Written<T>::Part& w, std::vector<Term> terms)
      : Piece<T>(w.first, w.rows * w.columns,
                 w.columns * (w.by_columns ? rows_of_block_by_columns(kernels, w.columns) : rows_of_block(kernels, w.columns))),
        terms_(std::move(terms)) {}
  void compute(Index at, T* out) const override {
    const Index n = this->block(at);
    scale_row(terms_.front().values + at, terms_.front().weight, n, out);
    for (std::size_t k = 1; k < terms_.size(); ++k) add_scaled_row(terms_[k].values + at, terms_[k].weight, n, out);
  }

 private:
  std::vector<Term> terms_;
};

template <class T>
class FactoredSum final : public BlockVector {
 public:
  FactoredSum(const Kernels<T>& kernels, Index size, const std::vector<WeightedParts<T>>& terms) : size_(size) {
    const Parts<T>& any = *terms.front().parts;
    for (std::size_t i = 0; i < any.factors.size(); ++i) {
      std::vector<typename Stacked<T>::Term> of_layer;
      for (const auto& [parts, weight] : terms) of_layer.push_back({&parts->factors[i], weight});
      add(kernels, Stacked<T>(std::move(of_layer)));
    }
    for (std::size_t i = 0; i < any.written.parts.size(); ++i) {
      std::vector<typename Stored<T>::Term> of_tensor;
      for (const auto& [parts, weight] : terms) of_tensor.push_back({parts->written.parts[i].values, weight});
      const auto& w = any.written.parts[i];
      if (w.by_columns) add_matrix(w.first, w.columns, w.rows);
      pieces_.push_back(std::make_unique<Stored<T>>(kernels, w, std::move(of_tensor)));
    }
    std::ranges::sort(pieces_, {}, [](const auto& piece) { return piece->first(); });
    std::ranges::sort(matrices_, {}, &MatrixAt::first);
  }

  std::size_t size() const override { return static_cast<std::size_t>(size_); }
  Dtype dtype() const override { return std::is_same_v<T, float> ? Dtype::float32 : Dtype::float64; }
  std::span<const MatrixAt> by_columns() const override { return matrices_; }
  std::size_t block(std::size_t first) const override {
    const Piece<T>& piece = at(first);
    return static_cast<std::size_t>(piece.block(static_cast<Index>(first) - piece.first()));
  }
  void compute(std::size_t first, void* out) const override {
    const Piece<T>& piece = at(first);
    piece.compute(static_cast<Index>(first) - piece.first(), static_cast<T*>(out));
  }

 private:
  void add(const Kernels<T>& kernels, const Stacked<T>& layer) {
    const HeldFactor<T>& any = layer.any();
    if (any.by_columns) {
      add_matrix(any.weight, any.out, any.in);
      pieces_.push_back(std::make_unique<ByColumns<T>>(kernels, layer));
    } else {
      pieces_.push_back(std::make_unique<ByRows<T>>(kernels, layer));
    }
    if (any.bias >= 0) pieces_.push_back(std::make_unique<Bias<T>>(kernels, layer));
  }
  void add_matrix(Index first, Index rows, Index columns) {
    matrices_.push_back({.first = static_cast<std::size_t>(first),
                         .rows = static_cast<std::size_t>(rows),
                         .columns = static_cast<std::size_t>(columns)});
  }
  const Piece<T>& at(std::size_t first) const {
    auto piece = pieces_.begin();
    while (piece + 1 != pieces_.end() && (piece[1])->first() <= static_cast<Index>(first)) ++piece;
    return **piece;
  }

  Index size_;
  std::vector<std::unique_ptr<const Piece<T>>> pieces_;
  std::vector<MatrixAt> matrices_;
};

}  // namespace

template <class T>
std::unique_ptr<const BlockVector> factored_sum(const Kernels<T>& kernels, Index size,
                                                const std::vector<WeightedParts<T>>& terms) {
  return std::make_unique<FactoredSum<T>>(kernels, size, terms);
}
template std::unique_ptr<const BlockVector> factored_sum(const Kernels<float>&, Index, const std::vector<WeightedParts<float>>&);
template std::unique_ptr<const BlockVector> factored_sum(const Kernels<double>&, Index, const std::vector<WeightedParts<double>>&);

}  // namespace fedsim::compiled
