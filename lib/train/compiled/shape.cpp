// Layers that only move values: the change between torch's layout and channels last, and `last`.
#include "core/transpose.h"
#include "train/compiled/node.h"

namespace fedsim::compiled {
namespace {

/// [rows, columns] to [columns, rows] for every sample.
template <class T>
void transpose_all(Index count, Index rows, Index columns, const T* from, T* to) {
  for (Index n = 0; n < count; ++n, from += rows * columns, to += rows * columns)
    transpose(from, rows, columns, columns, to, rows);
}

template <class T>
class Transpose final : public Node<T> {
 public:
  Transpose(Index rows, Index columns) : rows_(rows), columns_(columns) {}
  void reserve(Index count) override {
    y_.grow(count * rows_ * columns_);
    dx_.grow(count * rows_ * columns_);
  }
  const T* forward(const Pass<T>& pass, const T* x) override {
    transpose_all(pass.count, rows_, columns_, x, y_.data());
    return y_.data();
  }
  T* backward(const Pass<T>& pass, T* dy, bool need_dx) override {
    if (!need_dx) return nullptr;
    transpose_all(pass.count, columns_, rows_, dy, dx_.data());
    return dx_.data();
  }

 private:
  Index rows_, columns_;
  Room<T> y_, dx_;
};

template <class T>
class Last final : public Node<T> {
 public:
  explicit Last(const Layer& layer) : time_(layer.in[0]), features_(layer.in[1]) {}
  void reserve(Index count) override {
    y_.grow(count * features_);
    dx_.grow(count * time_ * features_);
  }
  const T* forward(const Pass<T>& pass, const T* x) override {
    for (Index n = 0; n < pass.count; ++n)
      copy(x + ((n + 1) * time_ - 1) * features_, y_.data() + n * features_);
    return y_.data();
  }
  T* backward(const Pass<T>& pass, T* dy, bool need_dx) override {
    if (!need_dx) return nullptr;
    std::memset(dx_.data(), 0, static_cast<std::size_t>(pass.count * time_ * features_) * sizeof(T));
    for (Index n = 0; n < pass.count; ++n)
      copy(dy + n * features_, dx_.data() + ((n + 1) * time_ - 1) * features_);
    return dx_.data();
  }

 private:
  void copy(const T* from, T* to) const {
    std::memcpy(to, from, static_cast<std::size_t>(features_) * sizeof(T));
  }
  Index time_, features_;
  Room<T> y_, dx_;
};

}  // namespace

template <class T>
NodePtr<T> make_transpose(const Shape& image, bool to_channels_last) {
  if (layout_free(image)) return nullptr;
  const Index channels = image[0], pixels = image[1] * image[2];
  return to_channels_last ? std::make_unique<Transpose<T>>(channels, pixels)
                          : std::make_unique<Transpose<T>>(pixels, channels);
}
template <class T>
NodePtr<T> make_last(const Layer& layer) {
  return std::make_unique<Last<T>>(layer);
}
template NodePtr<float> make_transpose(const Shape&, bool);
template NodePtr<double> make_transpose(const Shape&, bool);
template NodePtr<float> make_last(const Layer&);
template NodePtr<double> make_last(const Layer&);

}  // namespace fedsim::compiled
