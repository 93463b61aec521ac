// Group norm and layer norm, eps 1e-5 as in torch. Both see rows of values that are normalised together and
// differ in how the values of a row are laid out.
#include "train/compiled/node.h"

namespace fedsim::compiled {
namespace {

template <class T>
class Norm final : public Node<T> {
 public:
  /// samples of [pixels, channels], normalised over all pixels and each of `groups` equal parts of the
  /// channels; `rows` such blocks a sample.
  Norm(Index rows, Index pixels, Index channels, Index groups, Index weight, Index bias)
      : rows_(rows), pixels_(pixels), channels_(channels), groups_(groups), weight_(weight), bias_(bias) {}

  void reserve(Index count) override {
    y_.grow(count * rows_ * size());
    xhat_.grow(count * rows_ * size());
    inverse_.grow(count * rows_ * groups_);
    sums_.grow(4 * channels_);
    factors_.grow(3 * channels_);
  }

  const T* forward(const Pass<T>& pass, const T* x) override {
    const Normalisation<T> shape = shape_of(pass);
    for (Index row = 0; row < pass.count * rows_; ++row)
      pass.kernels.normalise(shape, x + row * size(), xhat_.data() + row * size(), y_.data() + row * size(),
                             inverse_.data() + row * groups_);
    return y_.data();
  }

  T* backward(const Pass<T>& pass, T* dy, bool need_dx) override {
    double* all = sums_.data() + 2 * channels_;  // [2, channels]: sums of dy and of dy xhat, all rows
    std::memset(all, 0, static_cast<std::size_t>(2 * channels_) * sizeof(double));
    const Normalisation<T> shape = shape_of(pass);
    for (Index row = 0; row < pass.count * rows_; ++row)
      pass.kernels.normalise_gradient(shape, xhat_.data() + row * size(), inverse_.data() + row * groups_, need_dx,
                                      dy + row * size(), all, all + channels_);
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
  Index size() const { return pixels_ * channels_; }

  Normalisation<T> shape_of(const Pass<T>& pass) {
    return {.pixels = pixels_,
            .channels = channels_,
            .groups = groups_,
            .weight = pass.w + weight_,
            .bias = pass.w + bias_,
            .sums = sums_.data(),
            .factors = factors_.data()};
  }

  Index rows_, pixels_, channels_, groups_, weight_, bias_;
  Room<T> y_, xhat_, factors_;   // factors [3, channels]
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
