// y = body(x) + shortcut(x), the shortcut x itself where it is empty.
#include "train/compiled/node.h"

namespace fedsim::compiled {
namespace {

template <class T>
class Residual final : public Node<T> {
 public:
  Residual(const Layer& layer, const Network& network)
      : in_(elements(layer.in)),
        out_(elements(layer.out)),
        body_(layer.body, network),
        shortcut_(layer.shortcut, network) {}

  void reserve(Index count) override {
    y_.grow(count * out_);
    copy_.grow(count * out_);
    body_.reserve(count);
    shortcut_.reserve(count);
  }

  const T* forward(const Pass<T>& pass, const T* x) override {
    const T* a = body_.forward(pass, x);
    const T* b = shortcut_.forward(pass, x);
    T* y = y_.data();
    for (Index i = 0; i < pass.count * out_; ++i) y[i] = a[i] + b[i];
    if (relu_) pass.kernels.relu(y, y, pass.count * out_);
    return y;
  }

  T* backward(const Pass<T>& pass, T* dy, bool need_dx) override {
    if (relu_) pass.kernels.relu_gradient(y_.data(), dy, pass.count * out_);
    T* copy = copy_.data();  // the body may overwrite dy
    std::memcpy(copy, dy, static_cast<std::size_t>(pass.count * out_) * sizeof(T));
    T* a = body_.backward(pass, dy, need_dx);
    T* b = shortcut_.backward(pass, copy, need_dx);
    if (!need_dx) return nullptr;
    for (Index i = 0; i < pass.count * in_; ++i) a[i] += b[i];
    return a;
  }

  bool absorb_relu() override { return relu_ ? false : (relu_ = true); }
  void stored_ranges(std::vector<std::pair<Index, Index>>& ranges) const override {
    body_.stored_ranges(ranges);
    shortcut_.stored_ranges(ranges);
  }

 private:
  Index in_, out_;  // elements of a sample
  Sequence<T> body_, shortcut_;
  bool relu_ = false;
  Room<T> y_, copy_;
};

}  // namespace

template <class T>
NodePtr<T> make_residual(const Layer& layer, const Network& network) {
  return std::make_unique<Residual<T>>(layer, network);
}
template NodePtr<float> make_residual(const Layer&, const Network&);
template NodePtr<double> make_residual(const Layer&, const Network&);

}  // namespace fedsim::compiled
