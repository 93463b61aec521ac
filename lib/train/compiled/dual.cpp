#include "train/compiled/dual.h"

#include <algorithm>
#include <cassert>

#include "core/clones.h"
#include "core/transpose.h"

namespace fedsim::compiled {
namespace {

constexpr Index wide = 32;              // outputs from which zeros are left out
constexpr Index most_samples = 1024;    // X X' has the square of them
constexpr Index most_values = 4 << 20;  // of X
constexpr Index columns_at_once = 48;   // of X: whole vectors of bytes; 13 vectors each of W0' are about a core's first cache

#define FEDSIM_ROW_LOOPS(T)                                                                          \
  FEDSIM_CLONES void add_row(const T* x, Index n, T* sum) {                                          \
    for (Index i = 0; i < n; ++i) sum[i] += x[i];                                                    \
  }                                                                                                  \
  /* y = unit z + correction */                                                                      \
  FEDSIM_CLONES void correct_row(const T* z, T unit, const T* correction, Index n, T* y) {           \
    for (Index i = 0; i < n; ++i) y[i] = unit * z[i] + correction[i];                                \
  }
FEDSIM_ROW_LOOPS(float)
FEDSIM_ROW_LOOPS(double)
#undef FEDSIM_ROW_LOOPS

/// Two rows share a list: of the values in it more than half are not 0.
double listed_part(double density) { return std::min(1.0, 1.2 * density); }

/// a . b, [n].
template <class T>
double product_of(const Kernels<T>& kernels, const T* a, const T* b, Index n) {
  T sum;
  kernels.dot_product({.rows = 1, .columns = 1, .inner = n, .a = a, .a_row = n, .b = b, .b_row = n, .c = &sum, .c_row = 1});
  return static_cast<double>(sum);
}

}  // namespace

template <class T>
Dual<T>::Dual(const Kernels<T>& kernels, Index weight, Index in, Index out, double density, bool as_bytes)
    : kernels_(kernels),
      weight_(weight),
      in_(in),
      out_(out),
      row_(padded(kernels, out)),
      density_(density),
      bytes_(as_bytes && in <= most_columns_of_bytes),
      listed_((bytes_ ? kernels.list_rows_of_bytes != nullptr : kernels.list_rows != nullptr) && out >= wide &&
              in % 2 == 0 && listed_part(density) < 0.8) {}

template <class T>
bool Dual<T>::pays(const RunShape& run) const {
  if (run.samples == 0 || run.samples > most_samples || run.samples * in_ > most_values) return false;
  const auto samples = static_cast<double>(run.samples), visits = static_cast<double>(run.visits);
  const double in = static_cast<double>(in_), out = static_cast<double>(out_);
  const double part = lists(run.samples) ? listed_part(density_) : 1;
  const double products = 2 * part * samples * in * out;
  const double inner = samples * samples / 2 * in;
  const double corrections = visits * samples * out / (run.visits > run.samples ? 1 : 2);
  return products + inner + corrections < 2 * visits * in * out;
}

template <class T>
void Dual<T>::begin(const T* w, const Inputs<T>& x, const RunShape& run, T keep) {
  w_ = w + weight_;
  x_ = x;
  keep_ = keep;
  repeats_ = run.visits > run.samples;
  m_ = run.samples;
  seen_ = 0;
  squares_ = {};
  z_.grow(m_ * row_);
  d_.grow(static_cast<std::size_t>(m_ * row_) * sizeof(T));
  inner_.grow(m_ * m_);
  batch_inner_.grow(run.batch * m_);
  correction_.grow(run.batch * out_);
  outputs_of_start(run);
  inner_products(kernels_, x_, m_, in_, inner_.data());
  if (repeats_)
    for (Index i = 0; i < m_; ++i) transpose(inner_.data() + i * m_, 1, i, m_, inner_.data() + i, m_);
}

template <class T>
void Dual<T>::outputs_of_start(const RunShape& run) {
  if (!lists(m_))
    return kernels_.dot_product({.rows = m_,
                                 .columns = out_,
                                 .inner = in_,
                                 .a = x_.numbers,
                                 .a_row = in_,
                                 .a_bytes = x_.bytes,
                                 .b = w_,
                                 .b_row = in_,
                                 .c = z_.data(),
                                 .c_row = row_});
  if (run.start == 0 || run.start != transposed_) {
    w_transposed_.grow(in_ * row_);
    transpose(w_, out_, in_, in_, w_transposed_.data(), row_);
    transposed_ = run.start;
  }
  kernels_.listed_product({.a = lists_.of(kernels_, x_, m_, in_, columns_at_once),
                           .first = 0,
                           .rows = m_,
                           .columns = out_,
                           .b = w_transposed_.data(),
                           .b_row = row_,
                           .c = z_.data(),
                           .c_row = row_});
}

template <class T>
void Dual<T>::forward(std::span<const std::int64_t> places, const T* bias, bool relu, T* y) {
  batch_ = places;
  const auto count = static_cast<Index>(places.size());
  for (Index i = 0; i < count; ++i)
    std::copy_n(inner_.data() + places[static_cast<std::size_t>(i)] * m_, seen_, batch_inner_.data() + i * m_);
  kernels_.product({.rows = count,
                    .columns = out_,
                    .inner = seen_,
                    .a = batch_inner_.data(),
                    .a_row = m_,
                    .a_inner = 1,
                    .b = rows_of_d(),
                    .b_inner = row_,
                    .c = correction_.data(),
                    .c_row = out_});
  for (Index i = 0; i < count; ++i) {
    const T* z = z_.data() + places[static_cast<std::size_t>(i)] * row_;
    correct_row(z, x_.unit, correction_.data() + i * out_, out_, y + i * out_);
    if (bias) add_row(bias, out_, y + i * out_);
  }
  if (relu) kernels_.relu(y, y, count * out_);
}

/// |A + d' X_S|^2 = |A|^2 + 2 sum_i d_i . (A x_i) + sum_ij (d_i . d_j)(x_i . x_j), where A x_i is what forward computed,
/// and A has become `keep` A.
template <class T>
void Dual<T>::backward(const T* d) {
  const auto count = static_cast<Index>(batch_.size());
  const double keep = static_cast<double>(keep_);
  squares_ = {.sum = keep * keep * squares_.sum, .terms = keep * keep * squares_.terms};
  for (Index i = 0; i < count; ++i)
    squares_.add(2 * keep * product_of(kernels_, d + i * out_, correction_.data() + i * out_, out_));
  if (keep_ != 1)
    for (Index i = 0; i < seen_ * row_; ++i) rows_of_d()[i] *= keep_;
  kernels_.dot_product({.rows = count, .columns = count, .inner = out_, .a = d, .a_row = out_, .b = d, .b_row = out_,
                        .c = batch_inner_.data(), .c_row = count});
  for (Index i = 0; i < count; ++i, d += out_) {
    const Index place = batch_[static_cast<std::size_t>(i)];
    const T* inner = inner_.data() + place * m_;
    for (Index j = 0; j <= i; ++j)
      squares_.add((j < i ? 2 : 1) * static_cast<double>(batch_inner_.data()[i * count + j]) *
                   static_cast<double>(inner[batch_[static_cast<std::size_t>(j)]]));
    T* row = rows_of_d() + place * row_;
    if (place < seen_) {
      add_row(d, out_, row);
    } else {
      assert(place == seen_);  // they come in order
      std::fill(std::copy_n(d, out_, row), row + row_, T(0));
      seen_ = place + 1;
    }
  }
}

template <class T>
void Dual<T>::write(bool difference, T* flat) const {
  Room<T> d;
  d.grow(seen_ * row_);
  for (Index i = 0; i < seen_ * row_; ++i) d.data()[i] = x_.unit * rows_of_d()[i];
  kernels_.product({.rows = out_,
                    .columns = in_,
                    .inner = seen_,
                    .a = d.data(),
                    .a_row = 1,
                    .a_inner = row_,
                    .b = x_.numbers,
                    .b_inner = in_,
                    .b_bytes = x_.bytes,
                    .c = flat + weight_,
                    .c_row = in_,
                    .write = difference ? Write::store : Write::sgd,
                    .descent = {.lr = 0, .weight_decay = 0, .prox = 0, .w = w_, .anchor = nullptr, .linear = nullptr}});
}

template <class T>
Factor<T> Dual<T>::factor() {
  assert(seen_ == m_);
  return {.weight = weight_,
          .rows = m_,
          .out = out_,
          .in = in_,
          .d = rows_of_d(),
          .d_row = row_,
          .memory = &d_,
          .x = x_,
          .inner = inner_.data(),
          .squares = squares_,
          .by_columns = listed_,
          .listed = lists(m_)};
}

template class Dual<float>;
template class Dual<double>;

}  // namespace fedsim::compiled
