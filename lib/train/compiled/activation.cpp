// ReLU, tanh and GELU (the exact one, x Phi(x)) where no layer before them applies them.
#include <cmath>

#include "train/compiled/node.h"

namespace fedsim::compiled {
namespace {

template <class T>
class Relu final : public Node<T> {
 public:
  explicit Relu(Index size) : size_(size) {}
  void reserve(Index count) override { y_.grow(count * size_); }
  const T* forward(const Pass<T>& pass, const T* x) override {
    pass.kernels.relu(x, y_.data(), pass.count * size_);
    return y_.data();
  }
  T* backward(const Pass<T>& pass, T* dy, bool) override {
    pass.kernels.relu_gradient(y_.data(), dy, pass.count * size_);
    return dy;
  }

 private:
  Index size_;  // of one sample
  Room<T> y_;
};

template <class T>
class Tanh final : public Node<T> {
 public:
  explicit Tanh(Index size) : size_(size) {}
  void reserve(Index count) override { y_.grow(count * size_); }
  const T* forward(const Pass<T>& pass, const T* x) override {
    pass.kernels.tanh(x, y_.data(), pass.count * size_);
    return y_.data();
  }
  T* backward(const Pass<T>& pass, T* dy, bool) override {
    const T* y = y_.data();
    for (Index i = 0; i < pass.count * size_; ++i) dy[i] *= 1 - y[i] * y[i];
    return dy;
  }

 private:
  Index size_;
  Room<T> y_;
};

template <class T>
class Gelu final : public Node<T> {
 public:
  explicit Gelu(Index size) : size_(size) {}
  void reserve(Index count) override {
    y_.grow(count * size_);
    slope_.grow(count * size_);
  }
  const T* forward(const Pass<T>& pass, const T* x) override {
    constexpr T root_half = static_cast<T>(0.70710678118654752440);     // sqrt(1/2)
    constexpr T density_at_0 = static_cast<T>(0.39894228040143267794);  // 1/sqrt(2 pi)
    for (Index i = 0; i < pass.count * size_; ++i) {
      const T phi = T(0.5) * (1 + std::erf(x[i] * root_half));
      y_.data()[i] = x[i] * phi;
      slope_.data()[i] = phi + x[i] * density_at_0 * std::exp(T(-0.5) * x[i] * x[i]);
    }
    return y_.data();
  }
  T* backward(const Pass<T>& pass, T* dy, bool) override {
    for (Index i = 0; i < pass.count * size_; ++i) dy[i] *= slope_.data()[i];
    return dy;
  }

 private:
  Index size_;
  Room<T> y_, slope_;
};

}  // namespace

template <class T>
NodePtr<T> make_activation(const Layer& layer) {
  const Index size = elements(layer.in);
  if (layer.kind == LayerKind::tanh) return std::make_unique<Tanh<T>>(size);
  if (layer.kind == LayerKind::gelu) return std::make_unique<Gelu<T>>(size);
  return std::make_unique<Relu<T>>(size);
}
template NodePtr<float> make_activation(const Layer&);
template NodePtr<double> make_activation(const Layer&);

}  // namespace fedsim::compiled
