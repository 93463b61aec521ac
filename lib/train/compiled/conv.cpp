// Convolution without im2col. Images are channels last, so that the patch of an output pixel is `kernel`
// contiguous runs of kernel * channels values of the padded input, and an output row is one product:
//   y[x, f] = sum over ky, j < kernel * channels of padded[y stride + ky, x stride channels + j] W[ky, j, f].
// The gradient of the weights contracts over pixels instead; that of the input is the same convolution of the
// (zero-dilated) output gradient with the mirrored kernel. Weights [f, c, ky, kx] are repacked once a pass.
#include <fmt/format.h>

#include "train/compiled/filters.h"
#include "train/compiled/node.h"

namespace fedsim::compiled {
namespace {

/// y[count, out_height, out_width, to] = convolution of x[count, height, width, from], no padding.
template <class T>
struct Geometry {
  Index from, to, height, width, out_height, out_width, kernel, stride;

  Index run() const { return kernel * from; }
  Index patch() const { return kernel * run(); }

  /// A panel of longer filters would leave the cache between images: all images meet a part of it at once.
  bool all_at_once() const { return patch() > 4096; }

  /// `packed`: panels of at most `panel` columns, each [patch, columns].
  void convolve(const Kernels<T>& kernels, Index count, const T* x, const T* packed, const T* bias, bool relu,
                T* y) const {
    const Index images = all_at_once() ? count : 1;
    for (Index first = 0; first < to; first += kernels.panel) {
      const Index columns = std::min(kernels.panel, to - first);
      for (Index n = 0; n < count; n += images)
        convolve_in_parts(kernels, images,
                          {.rows = out_width,
                           .columns = columns,
                           .outer = kernel,
                           .inner = run(),
                           .a = x + n * height * width * from,
                           .a_row = stride * from,
                           .a_outer = width * from,
                           .a_inner = 1,
                           .b = packed + first * patch(),
                           .b_outer = run() * columns,
                           .b_inner = columns,
                           .c = y + n * out_height * out_width * to + first,
                           .c_row = to,
                           .bias = bias ? bias + first : nullptr,
                           .relu = relu});
    }
  }

 private:
  /// Terms of a sum that go through together: so many rows of a panel stay in the first-level cache.
  static constexpr Index part = 256;

  void convolve_in_parts(const Kernels<T>& kernels, Index images, const Product<T>& whole) const {
    if (!all_at_once()) return convolve_rows(kernels, images, whole);
    Product<T> p = whole;
    p.outer = 1, p.bias = nullptr, p.relu = false;
    for (Index ky = 0; ky < kernel; ++ky)
      for (Index first = 0; first < run(); first += part) {
        p.inner = std::min(part, run() - first);
        p.a = whole.a + ky * whole.a_outer + first;
        p.b = whole.b + ky * whole.b_outer + first * whole.b_inner;
        p.write = ky == 0 && first == 0 ? Write::store : Write::add;
        if (ky == kernel - 1 && first + p.inner == run()) p.bias = whole.bias, p.relu = whole.relu;
        convolve_rows(kernels, images, p);
      }
  }

  /// p, which stands at the first row of the first image, for every row of every image.
  void convolve_rows(const Kernels<T>& kernels, Index images, Product<T> p) const {
    const T* x = p.a;
    T* y = p.c;
    for (Index n = 0; n < images; ++n)
      for (Index row = 0; row < out_height; ++row) {
        p.a = x + (n * height + row * stride) * width * from;
        p.c = y + (n * out_height + row) * out_width * to;
        kernels.product(p);
      }
  }
};

template <class T>
class Conv final : public Node<T> {
 public:
  Conv(const Layer& layer, const Network& network)
      : channels_(layer.in[0]),
        height_(layer.in[1]),
        width_(layer.in[2]),
        filters_(layer.out[0]),
        kernel_(layer.kernel),
        stride_(layer.stride),
        padding_(layer.padding),
        weight_(offset_of(layer, network, 0)),
        bias_(layer.bias ? offset_of(layer, network, 1) : -1),
        forward_{.from = channels_,
                 .to = filters_,
                 .height = height_ + 2 * padding_,
                 .width = width_ + 2 * padding_,
                 .out_height = layer.out[1],
                 .out_width = layer.out[2],
                 .kernel = kernel_,
                 .stride = stride_},
        backward_{.from = filters_,
                  .to = channels_,
                  .height = height_ + kernel_ - 1,
                  .width = width_ + kernel_ - 1,
                  .out_height = height_,
                  .out_width = width_,
                  .kernel = kernel_,
                  .stride = 1},
        weights_{.filters = filters_, .channels = channels_, .area = kernel_ * kernel_} {
    if (padding_ >= kernel_)
      throw Refusal{fmt::format("'{}': padding as large as the kernel is not compiled", layer.text)};
  }

  void reserve(Index count) override {
    if (padding_ > 0) padded_.grow(count * forward_.height * forward_.width * channels_);
    y_.grow(count * pixels() * filters_);
    dx_.grow(count * height_ * width_ * channels_);
    dilated_.grow((backward_.all_at_once() ? count : 1) * backward_.height * backward_.width * filters_);
    packed_.grow(forward_.patch() * filters_);
  }

  const T* forward(const Pass<T>& pass, const T* x) override {
    input_ = padding_ > 0 ? pad(pass.count, x) : x;
    weights_.pack(pass.w + weight_, pass.kernels.panel, packed_.data());
    forward_.convolve(pass.kernels, pass.count, input_, packed_.data(), bias_ < 0 ? nullptr : pass.w + bias_,
                      relu_, y_.data());
    return y_.data();
  }

  T* backward(const Pass<T>& pass, T* dy, bool need_dx) override {
    if (relu_) pass.kernels.relu_gradient(y_.data(), dy, pass.count * pixels() * filters_);
    weight_gradient(pass, dy);
    if (bias_ >= 0) pass.kernels.column_sums(dy, pass.count * pixels(), filters_, pass.gradient + bias_);
    if (!need_dx) return nullptr;
    weights_.pack_mirrored(pass.w + weight_, pass.kernels.panel, packed_.data());
    const Index at_once = backward_.all_at_once() ? pass.count : 1;
    for (Index n = 0; n < pass.count; n += at_once) {
      for (Index k = 0; k < at_once; ++k) dilate(k, dy + (n + k) * pixels() * filters_);
      backward_.convolve(pass.kernels, at_once, dilated_.data(), packed_.data(), nullptr, false,
                         dx_.data() + n * height_ * width_ * channels_);
    }
    return dx_.data();
  }

  bool absorb_relu() override { return relu_ ? false : (relu_ = true); }

  void stored_ranges(std::vector<std::pair<Index, Index>>& ranges) const override {
    ranges.emplace_back(weight_, weight_ + forward_.patch() * filters_);
    if (bias_ >= 0) ranges.emplace_back(bias_, bias_ + filters_);
  }

 private:
  Index pixels() const { return forward_.out_height * forward_.out_width; }

  /// Copies into the inside of the padded images; their frame is zero from the start.
  const T* pad(Index count, const T* x) {
    const Index line = width_ * channels_;
    for (Index n = 0; n < count; ++n)
      for (Index row = 0; row < height_; ++row)
        std::memcpy(
            padded_.data() + ((n * forward_.height + row + padding_) * forward_.width + padding_) * channels_,
            x + (n * height_ + row) * line, static_cast<std::size_t>(line) * sizeof(T));
    return padded_.data();
  }

  /// One image's output gradient, each pixel `stride_` apart, in a frame of kernel - 1 - padding zeros: the k-th of
  /// dilated_.
  void dilate(Index k, const T* dy) {
    const Index frame = kernel_ - 1 - padding_;
    for (Index row = 0; row < forward_.out_height; ++row) {
      T* to = dilated_.data() +
              ((k * backward_.height + frame + row * stride_) * backward_.width + frame) * filters_;
      for (Index column = 0; column < forward_.out_width; ++column)
        std::memcpy(to + column * stride_ * filters_, dy + (row * forward_.out_width + column) * filters_,
                    static_cast<std::size_t>(filters_) * sizeof(T));
    }
  }

  /// packed_ = the sum over all images and pixels, `most` pixels at a time: their lines of the input and of dy stay in
  /// the first-level cache. Several images at once, or some rows of one.
  void weight_gradient(const Pass<T>& pass, const T* dy) {
    constexpr Index most = 192;
    const Index images = std::max<Index>(1, most / pixels());
    const Index rows = std::clamp<Index>(most / forward_.out_width, 1, forward_.out_height);
    for (Index n = 0; n < pass.count; n += images)
      for (Index row = 0; row < forward_.out_height; row += rows)
        add_weight_gradient(pass.kernels, {n, std::min(images, pass.count - n)},
                            {row, std::min(rows, forward_.out_height - row)}, dy);
    weights_.unpack(packed_.data(), pass.gradient + weight_);
  }

  struct Range {
    Index first, count;
  };

  /// packed_[ky, j, f] (+)= sum over pixels of padded[...] dy[pixel, f].
  void add_weight_gradient(const Kernels<T>& kernels, Range images, Range rows, const T* dy) {
    const Index line = forward_.width * channels_;
    for (Index ky = 0; ky < kernel_; ++ky)
      kernels.product({.rows = forward_.run(),
                       .columns = filters_,
                       .count = images.count,
                       .outer = rows.count,
                       .inner = forward_.out_width,
                       .a = input_ + (images.first * forward_.height + rows.first * stride_ + ky) * line,
                       .a_row = 1,
                       .a_count = forward_.height * line,
                       .a_outer = stride_ * line,
                       .a_inner = stride_ * channels_,
                       .b = dy + (images.first * forward_.out_height + rows.first) * forward_.out_width * filters_,
                       .b_count = pixels() * filters_,
                       .b_outer = forward_.out_width * filters_,
                       .b_inner = filters_,
                       .c = packed_.data() + ky * forward_.run() * filters_,
                       .c_row = filters_,
                       .write = images.first == 0 && rows.first == 0 ? Write::store : Write::add});
  }

  Index channels_, height_, width_, filters_, kernel_, stride_, padding_;
  Index weight_, bias_;  // offsets in the flat vector; bias -1: none
  Geometry<T> forward_, backward_;
  Filters<T> weights_;
  bool relu_ = false;
  const T* input_ = nullptr;  // padded
  Room<T> padded_, y_, dx_, dilated_;
  Room<T> packed_;  // filters of the forward pass; then their gradient; then the mirrored filters
};

}  // namespace

template <class T>
NodePtr<T> make_conv(const Layer& layer, const Network& network) {
  return std::make_unique<Conv<T>>(layer, network);
}
template NodePtr<float> make_conv(const Layer&, const Network&);
template NodePtr<double> make_conv(const Layer&, const Network&);

}  // namespace fedsim::compiled
