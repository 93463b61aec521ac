// A layer of convolution: its output, its bias and its ReLU.
#include <fmt/format.h>

#include "train/compiled/convolution.h"

namespace fedsim::compiled {
namespace {

ConvShape shape_of(const Layer& layer, const Network& network) {
  return {.channels = layer.in[0],
          .height = layer.in[1],
          .width = layer.in[2],
          .filters = layer.out[0],
          .out_height = layer.out[1],
          .out_width = layer.out[2],
          .kernel = layer.kernel,
          .stride = layer.stride,
          .padding = layer.padding,
          .weight = offset_of(layer, network, 0),
          .bias = layer.bias ? offset_of(layer, network, 1) : -1};
}

template <class T>
class Conv final : public Node<T> {
 public:
  Conv(const Layer& layer, const Network& network) : shape_(shape_of(layer, network)) {
    if (shape_.padding >= shape_.kernel)
      throw Refusal{fmt::format("'{}': padding as large as the kernel is not compiled", layer.text)};
    convolution_ = make_winograd<T>(shape_);
    if (!convolution_) convolution_ = make_direct<T>(shape_);
  }

  void reserve(Index count) override {
    y_.grow(count * shape_.out_size());
    dx_.grow(count * shape_.in_size());
  }

  const T* forward(const Pass<T>& pass, const T* x) override {
    convolution_->forward(pass, x, relu_, y_.data());
    return y_.data();
  }

  T* backward(const Pass<T>& pass, T* dy, bool need_dx) override {
    if (relu_) pass.kernels.relu_gradient(y_.data(), dy, pass.count * shape_.out_size());
    convolution_->weight_gradient(pass, dy);
    if (shape_.bias >= 0)
      pass.kernels.column_sums(dy, pass.count * shape_.out_height * shape_.out_width, shape_.filters,
                               pass.gradient + shape_.bias);
    if (!need_dx) return nullptr;
    convolution_->input_gradient(pass, dy, dx_.data());
    return dx_.data();
  }

  bool absorb_relu() override { return relu_ ? false : (relu_ = true); }

  void stored_ranges(std::vector<std::pair<Index, Index>>& ranges) const override {
    ranges.emplace_back(shape_.weight, shape_.weight + shape_.weights());
    if (shape_.bias >= 0) ranges.emplace_back(shape_.bias, shape_.bias + shape_.filters);
  }

 private:
  ConvShape shape_;
  std::unique_ptr<Convolution<T>> convolution_;
  bool relu_ = false;
  Room<T> y_, dx_;
};

}  // namespace

template <class T>
NodePtr<T> make_conv(const Layer& layer, const Network& network) {
  return std::make_unique<Conv<T>>(layer, network);
}
template NodePtr<float> make_conv(const Layer&, const Network&);
template NodePtr<double> make_conv(const Layer&, const Network&);

}  // namespace fedsim::compiled
