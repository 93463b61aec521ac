// Convolution without im2col. Images are channels last, so that the patch of an output pixel is a contiguous run of
// kernel width * channels values of the framed input for every row of the kernel, and an output row is one product:
//   y[x, f] = sum over ky, j < kernel width * channels of framed[y stride + ky, x stride channels + j] W[ky, j, f].
// The gradient of the weights contracts over pixels instead. That of the input is, for every phase of the stride, the
// same convolution of the output gradient with those taps of the mirrored kernel that meet it.
#include "train/compiled/convolution.h"
#include "train/compiled/filters.h"

namespace fedsim::compiled {
namespace {

/// y [count, out_height, out_width, to] = convolution of x [count, height, width, from], without a frame. Pixels of y
/// may be apart.
template <class T>
struct Geometry {
  Index from, to, height, width, out_height, out_width;
  Index taps_y, taps_x;  // of the kernel
  Index stride;
  Index y_image, y_line, y_pixel;  // steps in y

  Index run() const { return taps_x * from; }
  Index patch() const { return taps_y * run(); }

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
                           .outer = taps_y,
                           .inner = run(),
                           .a = x + n * height * width * from,
                           .a_row = stride * from,
                           .a_outer = width * from,
                           .a_inner = 1,
                           .b = packed + first * patch(),
                           .b_outer = run() * columns,
                           .b_inner = columns,
                           .c = y + n * y_image + first,
                           .c_row = y_pixel,
                           .bias = bias ? bias + first : nullptr,
                           .relu = relu});
    }
  }

 private:
  /// Terms of a sum that go through together: so many rows of a panel stay in the first-level cache.
  static constexpr Index part = 256;

  /// A panel of longer filters would leave the cache between images: all images meet a part of it at once.
  bool all_at_once() const { return patch() > 4096; }

  void convolve_in_parts(const Kernels<T>& kernels, Index images, const Product<T>& whole) const {
    if (!all_at_once()) return convolve_rows(kernels, images, whole);
    Product<T> p = whole;
    p.outer = 1, p.bias = nullptr, p.relu = false;
    for (Index ky = 0; ky < taps_y; ++ky)
      for (Index first = 0; first < run(); first += part) {
        p.inner = std::min(part, run() - first);
        p.a = whole.a + ky * whole.a_outer + first;
        p.b = whole.b + ky * whole.b_outer + first * whole.b_inner;
        p.write = ky == 0 && first == 0 ? Write::store : Write::add;
        if (ky == taps_y - 1 && first + p.inner == run()) p.bias = whole.bias, p.relu = whole.relu;
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
        p.c = y + n * y_image + row * y_line;
        kernels.product(p);
      }
  }
};

/// In one direction, the pixels phase + stride i of the input: the output pixels that they meet are those of a stride
/// of 1, [i + first, i + first + taps.count), through the taps of the mirrored kernel.
struct Phase {
  Index pixels;
  Taps taps;
  Index first;

  Phase(Index phase, Index size, Index kernel, Index stride, Index padding) {
    const Index tap = (phase + padding) % stride;
    pixels = (size - phase + stride - 1) / stride;
    taps = {tap, stride, tap < kernel ? (kernel - tap + stride - 1) / stride : 0};
    first = (phase + padding) / stride - taps.count + 1;
  }
};

/// Zeros that the phases read beyond either end of `out` output pixels.
Index frame_of(Index size, Index out, Index kernel, Index stride, Index padding) {
  Index frame = 0;
  for (Index phase = 0; phase < std::min(stride, size); ++phase) {
    const Phase p(phase, size, kernel, stride, padding);
    if (p.taps.count > 0) frame = std::max({frame, -p.first, p.first + p.pixels + p.taps.count - 1 - out});
  }
  return frame;
}

template <class T>
class Direct final : public Convolution<T> {
 public:
  explicit Direct(const ConvShape& shape)
      : shape_(shape),
        forward_{.from = shape.channels,
                 .to = shape.filters,
                 .height = shape.height + 2 * shape.padding,
                 .width = shape.width + 2 * shape.padding,
                 .out_height = shape.out_height,
                 .out_width = shape.out_width,
                 .taps_y = shape.kernel,
                 .taps_x = shape.kernel,
                 .stride = shape.stride,
                 .y_image = shape.out_size(),
                 .y_line = shape.out_width * shape.filters,
                 .y_pixel = shape.filters},
        frame_(std::max(frame_of(shape.height, shape.out_height, shape.kernel, shape.stride, shape.padding),
                        frame_of(shape.width, shape.out_width, shape.kernel, shape.stride, shape.padding))),
        weights_{.channels = shape.channels, .kernel = shape.kernel} {}

  void forward(const Pass<T>& pass, const T* x, bool relu, T* y) override {
    input_ = framed(pass.count, x, {shape_.height, shape_.width, shape_.channels}, shape_.padding, padded_);
    const T* packed = pack(pass, forward_, [&](Range f, T* to) {
      weights_.pack(pass.w + shape_.weight, {0, shape_.channels}, f, to);
    });
    forward_.convolve(pass.kernels, pass.count, input_, packed, shape_.bias < 0 ? nullptr : pass.w + shape_.bias,
                      relu, y);
  }

  /// The sum over all images and pixels, `most` pixels at a time: their lines of the input and of dy stay in the
  /// first-level cache. Several images at once, or some rows of one.
  void weight_gradient(const Pass<T>& pass, const T* dy) override {
    constexpr Index most = 192;
    pass.scratch->packed.grow(shape_.weights());
    T* sum = pass.scratch->packed.data();
    const Index images = std::max<Index>(1, most / (shape_.out_height * shape_.out_width));
    const Index rows = std::clamp<Index>(most / forward_.out_width, 1, forward_.out_height);
    for (Index n = 0; n < pass.count; n += images)
      for (Index row = 0; row < forward_.out_height; row += rows)
        add_weight_gradient(pass.kernels, {n, std::min(images, pass.count - n)},
                            {row, std::min(rows, forward_.out_height - row)}, dy, sum);
    weights_.unpack(sum, {0, shape_.channels}, {0, shape_.filters}, pass.gradient + shape_.weight);
  }

  void input_gradient(const Pass<T>& pass, const T* dy, T* dx) override {
    const Index stride = shape_.stride;
    const Image image{shape_.out_height, shape_.out_width, shape_.filters}, with_frame = grown(image, frame_);
    if (shape_.kernel < stride)  // pixels that meet no tap
      std::memset(dx, 0, static_cast<std::size_t>(pass.count * shape_.in_size()) * sizeof(T));
    const T* x = framed(pass.count, dy, image, frame_, framed_);
    for (Index y = 0; y < std::min(stride, shape_.height); ++y)
      for (Index column = 0; column < std::min(stride, shape_.width); ++column) {
        const Phase down(y, shape_.height, shape_.kernel, stride, shape_.padding),
            across(column, shape_.width, shape_.kernel, stride, shape_.padding);
        if (down.taps.count == 0 || across.taps.count == 0) continue;
        const Geometry<T> geometry = backward(with_frame, down, across);
        const T* packed = pack(pass, geometry, [&](Range c, T* to) {
          weights_.pack_mirrored(pass.w + shape_.weight, {0, shape_.filters}, c, down.taps, across.taps, to);
        });
        geometry.convolve(pass.kernels, pass.count,
                          x + ((down.first + frame_) * with_frame.width + across.first + frame_) * shape_.filters,
                          packed, nullptr, false, dx + (y * shape_.width + column) * shape_.channels);
      }
  }

 private:
  Geometry<T> backward(const Image& dy, const Phase& down, const Phase& across) const {
    return {.from = dy.channels,
            .to = shape_.channels,
            .height = dy.height,
            .width = dy.width,
            .out_height = down.pixels,
            .out_width = across.pixels,
            .taps_y = down.taps.count,
            .taps_x = across.taps.count,
            .stride = 1,
            .y_image = shape_.in_size(),
            .y_line = shape_.stride * shape_.width * shape_.channels,
            .y_pixel = shape_.stride * shape_.channels};
  }

  /// The filters in panels: `fill(columns of a panel, where it begins)`.
  template <class Fill>
  const T* pack(const Pass<T>& pass, const Geometry<T>& geometry, Fill fill) const {
    pass.scratch->packed.grow(shape_.weights());
    T* packed = pass.scratch->packed.data();
    for (Index first = 0; first < geometry.to; first += pass.kernels.panel)
      fill(Range{first, std::min(pass.kernels.panel, geometry.to - first)}, packed + first * geometry.patch());
    return packed;
  }

  static Image grown(const Image& image, Index frame) {
    return {image.height + 2 * frame, image.width + 2 * frame, image.channels};
  }

  /// Copies images into larger ones, `frame` pixels from their edges, which are zero from the start.
  static const T* framed(Index count, const T* x, const Image& image, Index frame, Room<T>& room) {
    if (frame == 0) return x;
    const Image outside = grown(image, frame);
    room.grow(count * outside.size());
    const Index line = image.width * image.channels;
    for (Index n = 0; n < count; ++n)
      for (Index row = 0; row < image.height; ++row)
        std::memcpy(room.data() + ((n * outside.height + row + frame) * outside.width + frame) * image.channels,
                    x + (n * image.height + row) * line, static_cast<std::size_t>(line) * sizeof(T));
    return room.data();
  }

  /// sum[ky, j, f] (+)= sum over pixels of padded[...] dy[pixel, f].
  void add_weight_gradient(const Kernels<T>& kernels, Range images, Range rows, const T* dy, T* sum) {
    const Index line = forward_.width * shape_.channels, filters = shape_.filters;
    for (Index ky = 0; ky < shape_.kernel; ++ky)
      kernels.product({.rows = forward_.run(),
                       .columns = filters,
                       .count = images.count,
                       .outer = rows.count,
                       .inner = forward_.out_width,
                       .a = input_ + (images.first * forward_.height + rows.first * shape_.stride + ky) * line,
                       .a_row = 1,
                       .a_count = forward_.height * line,
                       .a_outer = shape_.stride * line,
                       .a_inner = shape_.stride * shape_.channels,
                       .b = dy + (images.first * forward_.out_height + rows.first) * forward_.out_width * filters,
                       .b_count = shape_.out_size(),
                       .b_outer = forward_.out_width * filters,
                       .b_inner = filters,
                       .c = sum + ky * forward_.run() * filters,
                       .c_row = filters,
                       .write = images.first == 0 && rows.first == 0 ? Write::store : Write::add});
  }

  ConvShape shape_;
  Geometry<T> forward_;
  Index frame_;  // of the output gradient
  Filters<T> weights_;
  const T* input_ = nullptr;  // padded
  Room<T> padded_, framed_;
};

}  // namespace

template <class T>
std::unique_ptr<Convolution<T>> make_direct(const ConvShape& shape) {
  return std::make_unique<Direct<T>>(shape);
}
template std::unique_ptr<Convolution<float>> make_direct(const ConvShape&);
template std::unique_ptr<Convolution<double>> make_direct(const ConvShape&);

}  // namespace fedsim::compiled
