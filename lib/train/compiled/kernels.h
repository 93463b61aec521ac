// The matrix products and loops of the compiled trainer, one table per instruction set. The bits of a product
// depend on the instruction set and on its shape only.
#pragma once

#include <cstdint>

namespace fedsim::compiled {

using Index = std::int64_t;

/// Where rows of bytes are.
using ByteRows = const std::uint8_t* const*;

/// `count` rows of bytes that are read later.
struct ComingRows {
  ByteRows rows = nullptr;
  Index count = 0;
};

/// Samples [rows, in] that a linear layer reads: numbers, or bytes, of which each stands for `unit` times itself.
template <class T>
struct Inputs {
  const T* numbers = nullptr;
  ByteRows bytes = nullptr;
  T unit = 1;
  ComingRows coming{};  // [.., in]
};

/// What becomes of a product.
enum class Write { store, add, sgd };

/// The terms of SGD. In a product, on the matrix that it is -lr times the gradient of: the pointers stand at the matrix'
/// first element and have the rows of c, c = w + product - lr (weight_decay w + prox (w - anchor) + linear) - origin.
template <class T>
struct Descent {
  T lr, weight_decay, prox;
  const T* w;
  const T* anchor;            // read where prox != 0
  const T* linear;            // null: none
  const T* origin = nullptr;  // subtracted from what is written; null: nothing is
  bool plain() const { return weight_decay == 0 && prox == 0 && linear == nullptr; }
};

/// c[r, j] = sum over n < count, o < outer, i < inner of
///   a[r a_row + n a_count + o a_outer + i a_inner] b[n b_count + o b_outer + i b_inner + j].
/// Rows of b and c are contiguous. Two levels of contraction make a convolution one product an output row, three the
/// gradient of its filters one product a row of the kernel.
template <class T>
struct Product {
  Index rows, columns;
  Index count = 1;
  Index outer = 1, inner;
  const T* a;
  Index a_row;
  Index a_count = 0;
  Index a_outer = 0, a_inner;
  const T* b;
  Index b_count = 0;
  Index b_outer = 0, b_inner;
  ByteRows b_bytes = nullptr;  // [inner], in place of b, as numbers; a_row is 1 and count and outer are then
  T* c;
  Index c_row;
  Write write = Write::store;
  const T* bias = nullptr;  // [columns], added; not with sgd
  bool relu = false;        // not with sgd
  Descent<T> descent{};     // sgd only
};

/// c[r, j] = unit times the sum over i < inner of a[r a_row + i] b[j b_row + i]; for weights stored [out, in].
template <class T>
struct DotProduct {
  Index rows, columns, inner;
  const T* a;
  Index a_row;
  ByteRows a_bytes = nullptr;  // [rows], in place of a, as numbers
  ComingRows coming{};         // asked for on the way where a is bytes
  T unit = 1;
  const T* b;
  Index b_row;
  T* c;
  Index c_row;
  bool add = false;
  const T* bias = nullptr;  // [columns]
  bool relu = false;
};

constexpr Index most_step_rows = 32;

/// A step of plain SGD on weights held by inputs, W' [in, out], and the gradient of the inputs, in one pass over the weights:
/// dx = d W, and c = W' + x' d - pull (W' - start), less the start where the difference is asked for. Inputs that are 0 are
/// passed over; dx is not written there.
template <class T>
struct InputMajorStep {
  Index rows, in, out;  // rows <= most_step_rows
  const T* x;           // [rows, in]
  const T* d;           // [rows, out], -lr times the gradient of the outputs
  const T* w;           // W'
  Index w_row;
  const T* start;  // of the rows of W'
  T pull;
  bool difference;
  T* dx;  // [rows, in]
  T* c;   // W' or other memory
  Index c_row;
  T* places;  // room for [2 in]
};

/// A matrix [rows, ..] without its zeros. Two rows share a list of the columns in which either has a value; the columns
/// are in `chunks` ranges, so that what they are multiplied by stays in a cache from one list to the next. A list has three
/// parts: where both rows have a value, then only the first, then only the second; or one part for all.
template <class T>
struct Listed {
  Index rows, chunks, parts;
  const std::int32_t* ends;  // [chunks, (rows + 1) / 2, parts], where a part ends; it begins where the one before ends
  const std::int32_t* columns = nullptr;  // of all parts, one after the other
  const T* values = nullptr;              // two for each: of the two rows, 0 where there is none
  const std::uint32_t* bytes = nullptr;   // in place of both, of bytes as numbers: column 2^16 + second 2^8 + first
};

constexpr Index most_columns_of_bytes = 1 << 16;
constexpr Index most_listed_at_once = 64;  // columns of a range: of rows of bytes no more, else slower beyond

/// c[r, j] = sum over i of a[first + r, i] b[i, j], r < rows, first even. Rows of b are whole vectors, those of c are not
/// written beyond `columns`.
template <class T>
struct ListedProduct {
  Listed<T> a;
  Index first, rows;
  Index columns;
  const T* b;
  Index b_row;
  T* c;
  Index c_row;
};

/// One image, channels last: x [height, width, channels], y [out_height, out_width, channels].
struct Pooling {
  Index channels, height, width, out_height, out_width, kernel, stride, padding;
};

/// One step in time of one sample of an LSTM layer; gates [4, hidden] in the order input, forget, cell, output.
template <class T>
struct LstmCell {
  Index hidden;
  T* gates;       // what the products gave; becomes the activations
  const T* past;  // [hidden] the cell's state before; null at the first step, where it is 0
  T *c, *tanh_c, *h;
};

/// Backwards through it.
template <class T>
struct LstmGradient {
  Index hidden;
  const T *gates, *past, *tanh_c;
  const T *dy, *d_h;  // of h, from the layer above and from the step after
  T* d_gates;         // before the activations
  T* d_c;             // from the step after; becomes that for the step before
};

/// Samples of [pixels, channels], normalised over all pixels and each of `groups` equal parts of the channels, eps
/// 1e-5; statistics are accumulated in double.
template <class T>
struct Normalisation {
  Index pixels, channels, groups;
  const T *weight, *bias;  // [channels]
  double* sums;            // [2, channels], room
  T* factors;              // [3, channels], room
};

/// Y = L X L' for one of the matrices L of Winograd's filtering, X [q, q] and Y [p, p] of vectors of `columns` values:
/// x and y point at their q q and p p first values. To Y, bias [columns] (null: none) and ReLU are applied.
template <class T>
using Sandwich = void (*)(const T* const* x, T* const* y, Index columns, const T* bias, bool relu);

/// F(m x m, k x k), n = m + k - 1.
template <class T>
struct Winograd {
  Index square, kernel;         // m, k
  Sandwich<T> input;            // patches [n, n] to [n, n]
  Sandwich<T> filter;           // [k, k] to [n, n]
  Sandwich<T> filter_gradient;  // [n, n] to [k, k]
  Sandwich<T> output;           // [n, n] to squares [m, m]
  Sandwich<T> output_gradient;  // [m, m] to [n, n]
};

template <class T>
struct Kernels {
  const char* instruction_set;
  Index tile_rows;  // rows of a product that are computed together
  Index panel;      // columns of one that share one pass over a
  Index lanes;      // of a vector
  void (*product)(const Product<T>&);
  void (*dot_product)(const DotProduct<T>&);
  /// y = x <= 0 ? 0 : x, so that NaN stays visible.
  void (*relu)(const T* x, T* y, Index n);
  /// d = y <= 0 ? 0 : d.
  void (*relu_gradient)(const T* y, T* d, Index n);
  void (*tanh)(const T* x, T* y, Index n);
  void (*lstm_cell)(const LstmCell<T>&);
  void (*lstm_cell_gradient)(const LstmGradient<T>&);
  /// One sample; inverse [groups]: 1 / sqrt(var + eps). y = weight xhat + bias, xhat = (x - mean) inverse.
  void (*normalise)(const Normalisation<T>&, const T* x, T* xhat, T* y, double* inverse);
  /// dy becomes dx = (g - mean(g) - xhat mean(g xhat)) inverse with g = weight dy; d_bias and d_weight [channels] grow
  /// by the sample's sums of dy and of dy xhat. Without need_dx, dy stays.
  void (*normalise_gradient)(const Normalisation<T>&, const T* xhat, const double* inverse, bool need_dx, T* dy,
                             double* d_bias, double* d_weight);
  /// `where`: the place in the window that was largest, the first of equals.
  void (*maxpool)(const Pooling&, const T* x, T* y, T* where);
  /// dx must be zero.
  void (*maxpool_gradient)(const Pooling&, const T* dy, const T* where, T* dx);
  /// sums[j] = sum over rows of a[r, j]
  void (*column_sums)(const T* a, Index rows, Index columns, T* sums);
  /// SGD on n stored gradients, of which `factor` times are -lr times the gradients, with momentum where that is not 0
  /// (then `velocity`, the last step, is read): step = momentum velocity + factor gradient - lr (weight_decay w +
  /// prox (w - anchor) + linear); out = w + step - origin.
  void (*descend)(const Descent<T>&, Index n, T factor, const T* gradient, T momentum, T* velocity, T* out);
  /// y = x, as numbers.
  void (*numbers)(const std::uint8_t* x, Index n, T* y);
  /// inner[r rows + s] = unit times the sum over i < columns of a[r][i] a[s][i], s <= r; exact but for the last rounding.
  void (*inner_products_of_bytes)(ByteRows a, Index rows, Index columns, double unit, T* inner);
  Winograd<T> winograd[3];
  void (*input_major_step)(const InputMajorStep<T>&) = nullptr;  // null where two products are faster: all but AVX-512
  Index few_listed = 0;  // samples below which whole products are cheaper than lists
  // Null where lists do not pay: of values with all but AVX-512, of bytes with neither that nor AVX2, and for float64.
  void (*listed_product)(const ListedProduct<T>&) = nullptr;
  /// Writes the list, of three parts, of columns [first, last) of rows x and y (null: zeros) from place `at` of `columns`
  /// and of the pairs in `values` on, and its ends; at most 48 entries beyond what it needs are overwritten. Returns the
  /// last end.
  Index (*list_rows)(const T* x, const T* y, Index first, Index last, Index at, std::int32_t* ends,
                     std::int32_t* columns, T* values) = nullptr;
  /// The same for the lists, of one part, of columns [first, last) of x' [rows, ..] for x [.., rows], rows even.
  Index (*list_columns)(const T* x, Index rows, Index first, Index last, Index at, std::int32_t* ends,
                        std::int32_t* columns, T* values) = nullptr;
  /// Both for bytes, and of rows no more than most_listed_at_once columns.
  Index (*list_rows_of_bytes)(const std::uint8_t* x, const std::uint8_t* y, Index first, Index last, Index at,
                              std::int32_t* ends, std::uint32_t* entries) = nullptr;
  Index (*list_columns_of_bytes)(ByteRows x, Index rows, Index first, Index last, Index at, std::int32_t* ends,
                                 std::uint32_t* entries) = nullptr;
};

/// The best table that this processor can run.
template <class T>
const Kernels<T>& best_kernels();
/// "avx512", "avx512 without vnni" (the same bits), "avx2" or "generic"; null where the processor cannot run it.
template <class T>
const Kernels<T>* kernels_for(const char* instruction_set);

}  // namespace fedsim::compiled
