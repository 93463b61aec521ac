// Convolution without im2col. Images are channels last, so that the patch of an output pixel is `kernel`
// contiguous runs of kernel * channels values of the padded input, and an output row is one product:
//   y[x, f] = sum over ky, j < kernel * channels of padded[y stride + ky, x stride channels + j] W[ky, j, f].
// The gradient of the weights contracts over pixels instead; that of the input is the same convolution of the
// (zero-dilated) output gradient with the mirrored kernel. Weights [f, c, ky, kx] are repacked once a pass.
#include <fmt/format.h>

#include "train/compiled/node.h"

namespace fedsim::compiled {
namespace {

/// y[count, out_height, out_width, to] = convolution of x[count, height, width, from], no padding.
template <class T>
struct Geometry {
  Index from, to, height, width, out_height, out_width, kernel, stride;

  Index run() const { return kernel * from; }
  Index patch() const { return kernel * run(); }

  /// `packed`: panels of at most `panel` columns, each [patch, columns].
  void convolve(const Kernels<T>& kernels, Index count, const T* x, const T* packed, const T* bias, bool relu,
                T* y) const {
    for (Index first = 0; first < to; first += kernels.panel) {
      const Index columns = std::min(kernels.panel, to - first);
      for (Index n = 0; n < count; ++n)
        for (Index row = 0; row < out_height; ++row)
          kernels.product({.rows = out_width,
                           .columns = columns,
                           .outer = kernel,
                           .inner = run(),
                           .a = x + (n * height + row * stride) * width * from,
                           .a_row = stride * from,
                           .a_outer = width * from,
                           .a_inner = 1,
                           .b = packed + first * patch(),
                           .b_outer = run() * columns,
                           .b_inner = columns,
                           .c = y + (n * out_height + row) * out_width * to + first,
                           .c_row = to,
                           .bias = bias ? bias + first : nullptr,
                           .relu = relu});
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
                  .stride = 1} {
    if (padding_ >= kernel_)
      throw Refusal{fmt::format("'{}': padding as large as the kernel is not compiled", layer.text)};
  }

  void reserve(Index count) override {
    if (padding_ > 0) padded_.grow(count * forward_.height * forward_.width * channels_);
    y_.grow(count * pixels() * filters_);
    dx_.grow(count * height_ * width_ * channels_);
    dilated_.grow(backward_.height * backward_.width * filters_);
    packed_.grow(forward_.patch() * filters_);
    d_packed_.grow(forward_.patch() * filters_);
  }

  const T* forward(const Pass<T>& pass, const T* x) override {
    input_ = padding_ > 0 ? pad(pass.count, x) : x;
    pack_forward(pass.w + weight_, pass.kernels.panel);
    forward_.convolve(pass.kernels, pass.count, input_, packed_.data(), bias_ < 0 ? nullptr : pass.w + bias_,
                      relu_, y_.data());
    return y_.data();
  }

  T* backward(const Pass<T>& pass, T* dy, bool need_dx) override {
    if (relu_) pass.kernels.relu_gradient(y_.data(), dy, pass.count * pixels() * filters_);
    for (Index n = 0; n < pass.count; ++n) add_weight_gradient(pass.kernels, n, dy);
    unpack(pass.gradient + weight_);
    if (bias_ >= 0) pass.kernels.column_sums(dy, pass.count * pixels(), filters_, pass.gradient + bias_);
    if (!need_dx) return nullptr;
    pack_backward(pass.w + weight_, pass.kernels.panel);
    for (Index n = 0; n < pass.count; ++n) {
      dilate(dy + n * pixels() * filters_);
      backward_.convolve(pass.kernels, 1, dilated_.data(), packed_.data(), nullptr, false,
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

  /// One image's output gradient, each pixel `stride_` apart, in a frame of kernel - 1 - padding zeros.
  void dilate(const T* dy) {
    const Index frame = kernel_ - 1 - padding_;
    for (Index row = 0; row < forward_.out_height; ++row) {
      T* to = dilated_.data() + ((frame + row * stride_) * backward_.width + frame) * filters_;
      for (Index column = 0; column < forward_.out_width; ++column)
        std::memcpy(to + column * stride_ * filters_, dy + (row * forward_.out_width + column) * filters_,
                    static_cast<std::size_t>(filters_) * sizeof(T));
    }
  }

  /// [f, c, ky, kx] to panels of [ky, kx, c, f].
  void pack_forward(const T* w, Index panel) {
    const Index area = kernel_ * kernel_;
    for (Index f = 0; f < filters_; ++f) {
      const Index first = f / panel * panel, columns = std::min(panel, filters_ - first);
      T* to = packed_.data() + first * forward_.patch() + (f - first);
      for (Index c = 0; c < channels_; ++c)
        for (Index k = 0; k < area; ++k) to[(k * channels_ + c) * columns] = *w++;
    }
  }

  /// [f, c, ky, kx] to panels of [mirrored ky, kx, f, c].
  void pack_backward(const T* w, Index panel) {
    const Index area = kernel_ * kernel_;
    for (Index f = 0; f < filters_; ++f)
      for (Index c = 0; c < channels_; ++c) {
        const Index first = c / panel * panel, columns = std::min(panel, channels_ - first);
        T* to = packed_.data() + first * backward_.patch() + (c - first);
        for (Index k = 0; k < area; ++k) to[((area - 1 - k) * filters_ + f) * columns] = *w++;
      }
  }

  /// d_packed[ky, j, f] (+)= sum over pixels of padded[...] dy[pixel, f], for image n.
  void add_weight_gradient(const Kernels<T>& kernels, Index n, const T* dy) {
    const Index line = forward_.width * channels_;
    for (Index ky = 0; ky < kernel_; ++ky)
      kernels.product({.rows = forward_.run(),
                       .columns = filters_,
                       .outer = forward_.out_height,
                       .inner = forward_.out_width,
                       .a = input_ + (n * forward_.height + ky) * line,
                       .a_row = 1,
                       .a_outer = stride_ * line,
                       .a_inner = stride_ * channels_,
                       .b = dy + n * pixels() * filters_,
                       .b_outer = forward_.out_width * filters_,
                       .b_inner = filters_,
                       .c = d_packed_.data() + ky * forward_.run() * filters_,
                       .c_row = filters_,
                       .write = n == 0 ? Write::store : Write::add});
  }

  /// d_packed [ky, kx, c, f] to [f, c, ky, kx].
  void unpack(T* gradient) const {
    const Index area = kernel_ * kernel_;
    for (Index f = 0; f < filters_; ++f)
      for (Index c = 0; c < channels_; ++c)
        for (Index k = 0; k < area; ++k) *gradient++ = d_packed_.data()[(k * channels_ + c) * filters_ + f];
  }

  Index channels_, height_, width_, filters_, kernel_, stride_, padding_;
  Index weight_, bias_;  // offsets in the flat vector; bias -1: none
  Geometry<T> forward_, backward_;
  bool relu_ = false;
  const T* input_ = nullptr;  // padded
  Room<T> padded_, y_, dx_, dilated_, packed_, d_packed_;
};

}  // namespace

template <class T>
NodePtr<T> make_conv(const Layer& layer, const Network& network) {
  return std::make_unique<Conv<T>>(layer, network);
}
template NodePtr<float> make_conv(const Layer&, const Network&);
template NodePtr<double> make_conv(const Layer&, const Network&);

}  // namespace fedsim::compiled
