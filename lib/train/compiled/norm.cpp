// Group norm and layer norm, eps 1e-5 as in torch. Both see rows of values that are normalised together and
// differ in how the values of a row are laid out; statistics are accumulated in double.
//   y = w xhat + b, xhat = (x - mean) / sqrt(var + eps)
//   dx = (g - mean(g) - xhat mean(g xhat)) / sqrt(var + eps), g = w dy
#include <cmath>

#include "train/compiled/node.h"

namespace fedsim::compiled {
namespace {

constexpr double epsilon = 1e-5;

template <class T>
class Norm final : public Node<T> {
 public:
  /// samples of [pixels, channels], normalised over all pixels and each of `groups` equal parts of the
  /// channels; `rows` such blocks a sample.
  Norm(Index rows, Index pixels, Index channels, Index groups, Index weight, Index bias)
      : rows_(rows), pixels_(pixels), channels_(channels), groups_(groups), weight_(weight), bias_(bias) {}

  void reserve(Index count) override {
    const Index size = rows_ * pixels_ * channels_;
    y_.grow(count * size);
    xhat_.grow(count * size);
    inverse_.grow(count * rows_ * groups_);
    sums_.grow(4 * channels_);
  }

  const T* forward(const Pass<T>& pass, const T* x) override {
    for (Index row = 0; row < pass.count * rows_; ++row) normalise(pass, row, x + row * pixels_ * channels_);
    return y_.data();
  }

  T* backward(const Pass<T>& pass, T* dy, bool need_dx) override {
    double* all = sums_.data() + 2 * channels_;  // [2, channels]: sums of dy and of dy xhat, all rows
    std::memset(all, 0, static_cast<std::size_t>(2 * channels_) * sizeof(double));
    for (Index row = 0; row < pass.count * rows_; ++row) {
      channel_sums(row, dy);
      for (Index i = 0; i < 2 * channels_; ++i) all[i] += sums_.data()[i];
      if (need_dx) input_gradient(pass, row, dy);
    }
    for (Index c = 0; c < channels_; ++c) {
      pass.gradient[bias_ + c] = static_cast<T>(all[c]);
      pass.gradient[weight_ + c] = static_cast<T>(all[channels_ + c]);
    }
    return need_dx ? dy : nullptr;
  }

  void stored_ranges(std::vector<std::pair<Index, Index>>& ranges) const override {
    ranges.emplace_back(weight_, weight_ + channels_);
    ranges.emplace_back(bias_, bias_ + channels_);
  }

 private:
  Index width() const { return channels_ / groups_; }

  void normalise(const Pass<T>& pass, Index row, const T* x) {
    const T *w = pass.w + weight_, *b = pass.w + bias_;
    const double n = static_cast<double>(pixels_ * width());
    double* sums = sums_.data();  // [channels]
    double* squares = sums + channels_;
    std::memset(sums, 0, static_cast<std::size_t>(2 * channels_) * sizeof(double));
    for (Index p = 0; p < pixels_; ++p)
      for (Index c = 0; c < channels_; ++c) sums[c] += static_cast<double>(x[p * channels_ + c]);
    spread(sums, n);
    for (Index p = 0; p < pixels_; ++p)
      for (Index c = 0; c < channels_; ++c) {
        const double centred = static_cast<double>(x[p * channels_ + c]) - sums[c];
        squares[c] += centred * centred;
      }
    spread(squares, n);
    for (Index c = 0; c < channels_; ++c) squares[c] = 1.0 / std::sqrt(squares[c] + epsilon);
    for (Index g = 0; g < groups_; ++g) inverse_.data()[row * groups_ + g] = squares[g * width()];
    T* xhat = xhat_.data() + row * pixels_ * channels_;
    T* y = y_.data() + row * pixels_ * channels_;
    for (Index p = 0; p < pixels_; ++p)
      for (Index c = 0; c < channels_; ++c) {
        const Index i = p * channels_ + c;
        xhat[i] = static_cast<T>((static_cast<double>(x[i]) - sums[c]) * squares[c]);
        y[i] = w[c] * xhat[i] + b[c];
      }
  }

  /// Every channel's sum becomes its group's, divided by n.
  void spread(double* sums, double n) const {
    for (Index first = 0; first < channels_; first += width()) {
      double sum = 0;
      for (Index c = first; c < first + width(); ++c) sum += sums[c];
      for (Index c = first; c < first + width(); ++c) sums[c] = sum / n;
    }
  }

  /// sums_[0, channels): of dy; [channels, 2 channels): of dy xhat, over the row's pixels.
  void channel_sums(Index row, const T* dy) {
    double *plain = sums_.data(), *weighted = plain + channels_;
    std::memset(plain, 0, static_cast<std::size_t>(2 * channels_) * sizeof(double));
    for (Index p = 0; p < pixels_; ++p)
      for (Index c = 0; c < channels_; ++c) {
        const Index i = (row * pixels_ + p) * channels_ + c;
        plain[c] += static_cast<double>(dy[i]);
        weighted[c] += static_cast<double>(dy[i]) * static_cast<double>(xhat_.data()[i]);
      }
  }

  /// In place of dy.
  void input_gradient(const Pass<T>& pass, Index row, T* dy) {
    const T* w = pass.w + weight_;
    const double n = static_cast<double>(pixels_ * width());
    double *mean = sums_.data(), *slope = mean + channels_;
    for (Index c = 0; c < channels_; ++c)
      mean[c] *= static_cast<double>(w[c]), slope[c] *= static_cast<double>(w[c]);
    spread(mean, n);
    spread(slope, n);
    for (Index p = 0; p < pixels_; ++p)
      for (Index c = 0; c < channels_; ++c) {
        const Index i = (row * pixels_ + p) * channels_ + c;
        const double g = static_cast<double>(w[c] * dy[i]);
        dy[i] = static_cast<T>(inverse_.data()[row * groups_ + c / width()] *
                               (g - mean[c] - static_cast<double>(xhat_.data()[i]) * slope[c]));
      }
  }

  Index rows_, pixels_, channels_, groups_, weight_, bias_;
  Room<T> y_, xhat_;
  Room<double> inverse_, sums_;  // [rows, groups] 1/sqrt(var + eps); [4, channels]
};

}  // namespace

template <class T>
NodePtr<T> make_groupnorm(const Layer& layer, const Network& network) {
  const Index channels = layer.in[0];
  return std::make_unique<Norm<T>>(1, elements(layer.in) / channels, channels, layer.size,
                                   offset_of(layer, network, 0), offset_of(layer, network, 1));
}

/// Over the last dimension: every value has its own weight, so that "channels" are the values and the group
/// is all.
template <class T>
NodePtr<T> make_layernorm(const Layer& layer, const Network& network) {
  if (is_image(layer.in)) throw Refusal{"the compiled trainer has no layernorm on images"};
  const Index last = layer.in.back();
  return std::make_unique<Norm<T>>(elements(layer.in) / last, 1, last, 1, offset_of(layer, network, 0),
                                   offset_of(layer, network, 1));
}
template NodePtr<float> make_groupnorm(const Layer&, const Network&);
template NodePtr<double> make_groupnorm(const Layer&, const Network&);
template NodePtr<float> make_layernorm(const Layer&, const Network&);
template NodePtr<double> make_layernorm(const Layer&, const Network&);

}  // namespace fedsim::compiled
