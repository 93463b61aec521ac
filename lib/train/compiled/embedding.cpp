// Rows of a table, chosen by token ids that arrive as whole numbers of the model's dtype.
#include <fmt/format.h>

#include "core/error.h"
#include "train/compiled/node.h"

namespace fedsim::compiled {
namespace {

template <class T>
class Embedding final : public Node<T> {
 public:
  Embedding(const Layer& layer, const Network& network)
      : time_(elements(layer.in)),
        vocabulary_(layer.size),
        width_(layer.width),
        weight_(offset_of(layer, network, 0)) {}

  void reserve(Index count) override { y_.grow(count * time_ * width_); }

  const T* forward(const Pass<T>& pass, const T* x) override {
    x_ = x;
    for (Index i = 0; i < pass.count * time_; ++i) {
      if (!(x[i] >= 0 && x[i] < static_cast<T>(vocabulary_)))
        throw DataError(fmt::format("a token id is {}, outside [0, {})", x[i], vocabulary_));
      std::memcpy(y_.data() + i * width_, pass.w + weight_ + static_cast<Index>(x[i]) * width_,
                  static_cast<std::size_t>(width_) * sizeof(T));
    }
    return y_.data();
  }

  T* backward(const Pass<T>& pass, T* dy, bool) override {
    T* gradient = pass.gradient + weight_;
    std::memset(gradient, 0, static_cast<std::size_t>(vocabulary_ * width_) * sizeof(T));
    for (Index i = 0; i < pass.count * time_; ++i) {
      T* row = gradient + static_cast<Index>(x_[i]) * width_;
      for (Index j = 0; j < width_; ++j) row[j] += dy[i * width_ + j];
    }
    return nullptr;  // token ids have no gradient
  }

  void stored_ranges(std::vector<std::pair<Index, Index>>& ranges) const override {
    ranges.emplace_back(weight_, weight_ + vocabulary_ * width_);
  }

 private:
  Index time_, vocabulary_, width_, weight_;
  const T* x_ = nullptr;
  Room<T> y_;
};

}  // namespace

template <class T>
NodePtr<T> make_embedding(const Layer& layer, const Network& network) {
  return std::make_unique<Embedding<T>>(layer, network);
}
template NodePtr<float> make_embedding(const Layer&, const Network&);
template NodePtr<double> make_embedding(const Layer&, const Network&);

}  // namespace fedsim::compiled
