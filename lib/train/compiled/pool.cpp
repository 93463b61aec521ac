// Maximum and mean over windows, and the mean over a whole image; channels last.
#include "train/compiled/node.h"

namespace fedsim::compiled {
namespace {

Pooling pooling_of(const Layer& layer) {
  return {.channels = layer.in[0],
          .height = layer.in[1],
          .width = layer.in[2],
          .out_height = layer.out[1],
          .out_width = layer.out[2],
          .kernel = layer.kernel,
          .stride = layer.stride,
          .padding = layer.padding};
}

template <class T>
class MaxPool final : public Node<T> {
 public:
  explicit MaxPool(const Layer& layer)
      : pooling_(pooling_of(layer)), in_(elements(layer.in)), out_(elements(layer.out)) {}

  void reserve(Index count) override {
    y_.grow(count * out_);
    where_.grow(count * out_);
    dx_.grow(count * in_);
  }
  const T* forward(const Pass<T>& pass, const T* x) override {
    for (Index n = 0; n < pass.count; ++n)
      pass.kernels.maxpool(pooling_, x + n * in_, y_.data() + n * out_, where_.data() + n * out_);
    return y_.data();
  }
  T* backward(const Pass<T>& pass, T* dy, bool need_dx) override {
    if (!need_dx) return nullptr;
    for (Index n = 0; n < pass.count; ++n) {
      T* dx = dx_.data() + n * in_;
      std::memset(dx, 0, static_cast<std::size_t>(in_) * sizeof(T));
      pass.kernels.maxpool_gradient(pooling_, dy + n * out_, where_.data() + n * out_, dx);
    }
    return dx_.data();
  }

 private:
  Pooling pooling_;
  Index in_, out_;  // elements of a sample
  Room<T> y_, dx_, where_;
};

/// Padding counts as zeros in the mean, as in torch (count_include_pad).
template <class T>
class MeanPool final : public Node<T> {
 public:
  explicit MeanPool(const Layer& layer) : in_(elements(layer.in)), out_(elements(layer.out)) {
    const Index channels = layer.in[0], height = layer.in[1], width = layer.in[2];
    if (layer.kind == LayerKind::globalpool)
      pooling_ = {.channels = channels,
                  .height = height,
                  .width = width,
                  .out_height = 1,
                  .out_width = 1,
                  .kernel = std::max(height, width),
                  .stride = 1,
                  .padding = 0};
    else
      pooling_ = pooling_of(layer);
    scale_ = T(1) / static_cast<T>(layer.kind == LayerKind::globalpool ? height * width
                                                                       : layer.kernel * layer.kernel);
  }

  void reserve(Index count) override {
    y_.grow(count * out_);
    dx_.grow(count * in_);
  }
  const T* forward(const Pass<T>& pass, const T* x) override {
    std::memset(y_.data(), 0, static_cast<std::size_t>(pass.count * out_) * sizeof(T));
    each_pair([&](Index in, Index out) { y_.data()[out] += x[in]; }, pass.count);
    for (Index i = 0; i < pass.count * out_; ++i) y_.data()[i] *= scale_;
    return y_.data();
  }
  T* backward(const Pass<T>& pass, T* dy, bool need_dx) override {
    if (!need_dx) return nullptr;
    std::memset(dx_.data(), 0, static_cast<std::size_t>(pass.count * in_) * sizeof(T));
    each_pair([&](Index in, Index out) { dx_.data()[in] += scale_ * dy[out]; }, pass.count);
    return dx_.data();
  }

 private:
  /// visit(index of an input value, index of the output value whose window it is in)
  template <class Visit>
  void each_pair(Visit visit, Index count) const {
    const Pooling& p = pooling_;
    for (Index n = 0; n < count; ++n)
      for (Index oy = 0; oy < p.out_height; ++oy)
        for (Index ox = 0; ox < p.out_width; ++ox)
          for (Index y = std::max<Index>(0, oy * p.stride - p.padding);
               y < std::min(p.height, oy * p.stride - p.padding + p.kernel); ++y)
            for (Index x = std::max<Index>(0, ox * p.stride - p.padding);
                 x < std::min(p.width, ox * p.stride - p.padding + p.kernel); ++x)
              for (Index c = 0; c < p.channels; ++c)
                visit(n * in_ + (y * p.width + x) * p.channels + c,
                      n * out_ + (oy * p.out_width + ox) * p.channels + c);
  }

  Pooling pooling_{};
  Index in_, out_;  // elements of a sample
  T scale_ = 1;
  Room<T> y_, dx_;
};

}  // namespace

template <class T>
NodePtr<T> make_maxpool(const Layer& layer) {
  return std::make_unique<MaxPool<T>>(layer);
}
template <class T>
NodePtr<T> make_average(const Layer& layer) {
  return std::make_unique<MeanPool<T>>(layer);
}
template NodePtr<float> make_maxpool(const Layer&);
template NodePtr<double> make_maxpool(const Layer&);
template NodePtr<float> make_average(const Layer&);
template NodePtr<double> make_average(const Layer&);

}  // namespace fedsim::compiled
