// Inverted dropout. One 32-bit word of the step's stream for every value, in the order of torch's layout
// [count, channels, height, width]: dropped where it is below rate 2^32. The autograd trainer draws the same.
#include "train/compiled/node.h"

namespace fedsim::compiled {
namespace {

template <class T>
class Dropout final : public Node<T> {
 public:
  explicit Dropout(const Layer& layer)
      : size_(elements(layer.in)),
        channels_(is_image(layer.in) ? layer.in[0] : 1),
        kept_(static_cast<T>(1.0 / (1.0 - layer.rate))),
        threshold_(static_cast<std::uint64_t>(layer.rate * 4294967296.0)) {}

  void reserve(Index count) override {
    y_.grow(count * size_);
    mask_.grow(count * size_);
  }
  const T* forward(const Pass<T>& pass, const T* x) override {
    active_ = pass.training;
    if (!active_) return x;
    const Index pixels = size_ / channels_;
    for (Index n = 0; n < pass.count; ++n)
      for (Index c = 0; c < channels_; ++c)
        for (Index pixel = 0; pixel < pixels; ++pixel)
          mask_.data()[n * size_ + pixel * channels_ + c] =
              pass.dropout->bits32() < threshold_ ? T(0) : kept_;
    for (Index i = 0; i < pass.count * size_; ++i) y_.data()[i] = x[i] * mask_.data()[i];
    return y_.data();
  }
  T* backward(const Pass<T>& pass, T* dy, bool) override {
    if (active_)
      for (Index i = 0; i < pass.count * size_; ++i) dy[i] *= mask_.data()[i];
    return dy;
  }

 private:
  Index size_, channels_;  // of one sample
  T kept_;
  std::uint64_t threshold_;
  bool active_ = false;
  Room<T> y_, mask_;
};

}  // namespace

template <class T>
NodePtr<T> make_dropout(const Layer& layer) {
  return layer.rate > 0 ? std::make_unique<Dropout<T>>(layer) : nullptr;
}
template NodePtr<float> make_dropout(const Layer&);
template NodePtr<double> make_dropout(const Layer&);

}  // namespace fedsim::compiled
