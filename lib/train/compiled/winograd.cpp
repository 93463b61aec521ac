// Convolutions of stride 1 by Winograd's minimal filtering F(m x m, k x k) (Lavin and Gray, 2016). The output is cut
// into squares of m x m pixels; a square and its patch of the input, n x n with n = m + k - 1, become n n values a
// channel, where the convolution is as many products of matrices,
//   M[v] [square, to] = V[v] [square, from] U[v] [from, to],   v < n n,
// of n n products a square, channel and filter in place of m m k k. The gradient of the filters is the same backwards,
// dU[v] = V[v]' dM[v]; that of the input is the convolution of dy with the mirrored filters.
#include <iterator>

#include "train/compiled/convolution.h"
#include "train/compiled/filters.h"

namespace fedsim::compiled {
namespace {

/// x [count, from] to y [count, to], each pixel of y the sum over a patch that begins `padding` before it; y in squares.
struct Tiling {
  Image from, to;
  Index padding;
  Index square;  // m

  Index across() const { return (to.width + square - 1) / square; }
  Index squares() const { return across() * ((to.height + square - 1) / square); }  // of an image

  /// Where a square is, of those of all images one after the other.
  struct Place {
    Index image, top, left;
  };
  Place place(Index s) const {
    const Index of_image = s % squares();
    return {s / squares(), of_image / across() * square, of_image % across() * square};
  }
};

/// Channels of a sum that go through together: the filters of so many for a panel stay in the second-level cache. A
/// multiple of every panel.
constexpr Index deep = 128;

Range block_of(Index channels, Index b) { return {b * deep, std::min(deep, channels - b * deep)}; }
Index blocks_of(Index channels) { return (channels + deep - 1) / deep; }

template <class T>
class WinogradConvolution final : public Convolution<T> {
 public:
  /// `variant`: of the kernels' list.
  WinogradConvolution(const ConvShape& shape, Index variant)
      : shape_(shape),
        variant_(variant),
        square_(best_kernels<T>().winograd[variant].square),
        size_(square_ + shape.kernel - 1),
        forward_{.from = {shape.height, shape.width, shape.channels},
                 .to = {shape.out_height, shape.out_width, shape.filters},
                 .padding = shape.padding,
                 .square = square_},
        backward_{.from = forward_.to,
                  .to = forward_.from,
                  .padding = shape.kernel - 1 - shape.padding,
                  .square = square_},
        weights_{.channels = shape.channels, .kernel = shape.kernel} {}

  /// Products a channel and filter of an image, of the forward pass and for the gradient of the input.
  Index products() const { return values() * (forward_.squares() + backward_.squares()); }

  void forward(const Pass<T>& pass, const T* x, bool relu, T* y) override {
    x_ = x;
    const T* w = pass.w + shape_.weight;
    convolve(pass, forward_, x, [&](Range c, Range f, T* to) { weights_.pack(w, c, f, to); },
             shape_.bias < 0 ? nullptr : pass.w + shape_.bias, relu, y);
  }

  void input_gradient(const Pass<T>& pass, const T* dy, T* dx) override {
    const T* w = pass.w + shape_.weight;
    const Taps all{0, 1, shape_.kernel};
    convolve(pass, backward_, dy, [&](Range f, Range c, T* to) { weights_.pack_mirrored(w, f, c, all, all, to); },
             nullptr, false, dx);
  }

  void weight_gradient(const Pass<T>& pass, const T* dy) override {
    Scratch<T>& scratch = *pass.scratch;
    const Index all = pass.count * forward_.squares();
    const Index most = at_once(all, (shape_.channels + shape_.filters) / 2);
    const bool keep = most < all;  // sums of several parts
    const Index panel = pass.kernels.panel, blocks = blocks_of(shape_.channels);
    scratch.filters.grow(slots(shape_.channels, shape_.filters, panel, keep));
    scratch.packed.grow(weights_.area() * deep * panel);
    for (Index first = 0; first < all; first += most) {
      const Range part{first, std::min(most, all - first)};
      const T* v = transform(pass, transforms(pass).input, forward_, forward_.from, size_, forward_.padding, part, x_,
                             scratch.patches);
      const T* dm = transform(pass, transforms(pass).output_gradient, forward_, forward_.to, square_, 0, part, dy,
                              scratch.squares);
      for (Index f = 0; f < shape_.filters; f += panel)
        for (Index b = 0; b < blocks; ++b) {
          const Range c = block_of(shape_.channels, b), filters{f, std::min(panel, shape_.filters - f)};
          T* du = scratch.filters.data() + (keep ? (f / panel * blocks + b) * slot(panel) : 0);
          contract(pass, part, v, dm, c, filters, first == 0 ? Write::store : Write::add, du);
          if (part.first + part.count < all) continue;
          T* packed = scratch.packed.data();
          each_value(transforms(pass).filter_gradient, du, size_, packed, shape_.kernel, c.count * filters.count);
          weights_.unpack(packed, c, filters, pass.gradient + shape_.weight);
        }
    }
  }

 private:
  static constexpr Index most_window = 36;  // pixels of a patch, size_^2

  const Winograd<T>& transforms(const Pass<T>& pass) const { return pass.kernels.winograd[variant_]; }

  Index values() const { return size_ * size_; }
  Index slot(Index panel) const { return values() * deep * panel; }
  Index slots(Index from, Index to, Index panel, bool keep) const {
    return slot(panel) * (keep ? blocks_of(from) * ((to + panel - 1) / panel) : 1);
  }

  /// Squares that go through together: their patches stay in the second-level cache beside the filters, but so many that
  /// the filters are worth a read; few squares at once, so that no transformed filter is kept.
  Index at_once(Index all, Index channels) const {
    if (all <= 192) return all;
    constexpr Index cached = 262144 / sizeof(T);
    const Index most = std::max<Index>(48, cached / (values() * channels));
    const Index parts = (all + most - 1) / most;
    return (all + parts - 1) / parts;
  }

  /// `fill(channels of the sum, columns, packed)` packs a part of the filters, [k, from, to].
  template <class Fill>
  void convolve(const Pass<T>& pass, const Tiling& tiling, const T* x, Fill fill, const T* bias, bool relu, T* y) {
    Scratch<T>& scratch = *pass.scratch;
    const Index all = pass.count * tiling.squares(), most = at_once(all, tiling.from.channels);
    const bool keep = most < all;  // the transformed filters, for the next part
    const Index panel = pass.kernels.panel, blocks = blocks_of(tiling.from.channels);
    scratch.filters.grow(slots(tiling.from.channels, tiling.to.channels, panel, keep));
    scratch.packed.grow(weights_.area() * deep * panel);
    scratch.products.grow(values() * most * panel);
    for (Index first = 0; first < all; first += most) {
      const Range part{first, std::min(most, all - first)};
      const T* v =
          transform(pass, transforms(pass).input, tiling, tiling.from, size_, tiling.padding, part, x, scratch.patches);
      for (Index column = 0; column < tiling.to.channels; column += panel) {
        const Range columns{column, std::min(panel, tiling.to.channels - column)};
        for (Index b = 0; b < blocks; ++b) {
          const Range c = block_of(tiling.from.channels, b);
          T* u = scratch.filters.data() + (keep ? (column / panel * blocks + b) * slot(panel) : 0);
          if (first == 0) {
            fill(c, columns, scratch.packed.data());
            each_value(transforms(pass).filter, scratch.packed.data(), shape_.kernel, u, size_, c.count * columns.count);
          }
          multiply(pass, part, v, u, c, columns, tiling.from.channels);
        }
        write_squares(pass, tiling, part, columns, bias, relu, y);
      }
    }
  }

  /// y [q q, n] of x [p p, n].
  static void each_value(Sandwich<T> sandwich, const T* x, Index p, T* y, Index q, Index n) {
    const T* from[most_window];
    T* to[most_window];
    for (Index i = 0; i < p * p; ++i) from[i] = x + i * n;
    for (Index i = 0; i < q * q; ++i) to[i] = y + i * n;
    sandwich(from, to, n, nullptr, false);
  }

  /// The pixels of a window; `outside` stands for those beyond the image's edges.
  template <class U>
  static void window(U* pixel, const Image& image, Index top, Index left, Index size, U* outside, U** pixels) {
    for (Index y = top; y < top + size; ++y)
      for (Index x = left; x < left + size; ++x)
        *pixels++ = y >= 0 && y < image.height && x >= 0 && x < image.width
                        ? pixel + (y * image.width + x) * image.channels
                        : outside;
  }

  /// Lines of one cache set apart: rows of a power of two would meet in a few sets.
  static Index stride(Index channels) { return std::min(deep, channels) + 64 / static_cast<Index>(sizeof(T)); }

  /// Where the channel's block begins in [block of channels, v, square of a part, channel].
  Index place(Index channel, Index v, Range part, Index step) const {
    return (channel / deep * values() + v) * part.count * step;
  }

  /// The windows of a part of the squares, transformed, as `place` has them.
  const T* transform(const Pass<T>& pass, Sandwich<T> sandwich, const Tiling& tiling, const Image& image, Index size,
                     Index padding, Range part, const T* x, Room<T>& room) {
    const Index step = stride(image.channels), blocks = blocks_of(image.channels);
    room.grow(blocks * values() * part.count * step);
    pass.scratch->zeros.grow(deep);
    const T* pixels[most_window];
    T* to[most_window];
    for (Index s = 0; s < part.count; ++s) {
      const auto [n, top, left] = tiling.place(part.first + s);
      for (Index b = 0; b < blocks; ++b) {
        const Range c = block_of(image.channels, b);
        window<const T>(x + n * image.size() + c.first, image, top - padding, left - padding, size,
                        pass.scratch->zeros.data(), pixels);
        for (Index v = 0; v < values(); ++v)
          to[v] = room.data() + place(c.first, v, part, step) + s * step;
        sandwich(pixels, to, c.count, nullptr, false);
      }
    }
    return room.data();
  }

  /// products [v, square, column] (+)= V[v] U[v] over a block of channels.
  void multiply(const Pass<T>& pass, Range part, const T* v, const T* u, Range c, Range columns, Index from) const {
    const Index step = stride(from);
    for (Index i = 0; i < values(); ++i)
      pass.kernels.product({.rows = part.count,
                            .columns = columns.count,
                            .inner = c.count,
                            .a = v + place(c.first, i, part, step),
                            .a_row = step,
                            .a_inner = 1,
                            .b = u + i * c.count * columns.count,
                            .b_inner = columns.count,
                            .c = pass.scratch->products.data() + i * part.count * columns.count,
                            .c_row = columns.count,
                            .write = c.first == 0 ? Write::store : Write::add});
  }

  void write_squares(const Pass<T>& pass, const Tiling& tiling, Range part, Range columns, const T* bias, bool relu,
                     T* y) const {
    pass.scratch->waste.grow(pass.kernels.panel);
    const T* from[most_window];
    T* pixels[most_window];
    for (Index s = 0; s < part.count; ++s) {
      const auto [n, top, left] = tiling.place(part.first + s);
      for (Index v = 0; v < values(); ++v)
        from[v] = pass.scratch->products.data() + (v * part.count + s) * columns.count;
      window<T>(y + n * tiling.to.size() + columns.first, tiling.to, top, left, square_, pass.scratch->waste.data(),
                pixels);
      transforms(pass).output(from, pixels, columns.count, bias ? bias + columns.first : nullptr, relu);
    }
  }

  /// du [v, channel, filter] (+)= V[v]' dM[v].
  void contract(const Pass<T>& pass, Range part, const T* v, const T* dm, Range c, Range f, Write write, T* du) const {
    const Index step = stride(shape_.channels), dm_step = stride(shape_.filters);
    for (Index i = 0; i < values(); ++i)
      pass.kernels.product({.rows = c.count,
                            .columns = f.count,
                            .inner = part.count,
                            .a = v + place(c.first, i, part, step),
                            .a_row = 1,
                            .a_inner = step,
                            .b = dm + place(f.first, i, part, dm_step) + f.first % deep,
                            .b_inner = dm_step,
                            .c = du + i * c.count * f.count,
                            .c_row = f.count,
                            .write = write});
  }

  ConvShape shape_;
  Index variant_, square_, size_;  // m, n
  Tiling forward_, backward_;
  Filters<T> weights_;
  const T* x_ = nullptr;
};

}  // namespace

template <class T>
std::unique_ptr<Convolution<T>> make_winograd(const ConvShape& shape) {
  // Few channels leave vectors and products too short to pay for the transforms.
  if (shape.stride != 1 || std::min(shape.channels, shape.filters) < 16) return nullptr;
  const Index direct = shape.kernel * shape.kernel * (shape.out_height * shape.out_width + shape.height * shape.width);
  Index least = 2 * direct / 3 + 1;
  std::unique_ptr<WinogradConvolution<T>> best;
  for (Index variant = 0; variant < static_cast<Index>(std::size(best_kernels<T>().winograd)); ++variant) {
    if (best_kernels<T>().winograd[variant].kernel != shape.kernel) continue;
    auto convolution = std::make_unique<WinogradConvolution<T>>(shape, variant);
    if (convolution->products() >= least) continue;
    least = convolution->products();
    best = std::move(convolution);
  }
  return best;
}
template std::unique_ptr<Convolution<float>> make_winograd(const ConvShape&);
template std::unique_ptr<Convolution<double>> make_winograd(const ConvShape&);

}  // namespace fedsim::compiled
