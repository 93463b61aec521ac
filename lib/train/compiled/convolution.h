// How a convolution is computed: its three passes, for the node of the layer.
#pragma once

#include "train/compiled/node.h"

namespace fedsim::compiled {

/// x [count, height, width, channels], y [count, out_height, out_width, filters].
struct ConvShape {
  Index channels, height, width, filters, out_height, out_width, kernel, stride, padding;
  Index weight, bias;  // offsets in the flat vector; bias -1: none

  Index in_size() const { return height * width * channels; }
  Index out_size() const { return out_height * out_width * filters; }
  Index weights() const { return filters * channels * kernel * kernel; }
};

/// Channels last.
struct Image {
  Index height, width, channels;
  Index size() const { return height * width * channels; }
};

template <class T>
class Convolution {
 public:
  virtual ~Convolution() = default;
  /// x stays as it is until the backward pass is over.
  virtual void forward(const Pass<T>& pass, const T* x, bool relu, T* y) = 0;
  /// Stores the gradient of the weights (times what dy is, see Pass).
  virtual void weight_gradient(const Pass<T>& pass, const T* dy) = 0;
  virtual void input_gradient(const Pass<T>& pass, const T* dy, T* dx) = 0;
};

/// The sum itself.
template <class T>
std::unique_ptr<Convolution<T>> make_direct(const ConvShape&);
/// By Winograd's minimal filtering; null where it is not for this shape (a stride, another kernel than 3 x 3 and 5 x 5, fewer
/// than 16 channels or filters) or does not save a third of the products.
template <class T>
std::unique_ptr<Convolution<T>> make_winograd(const ConvShape&);

}  // namespace fedsim::compiled
