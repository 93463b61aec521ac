// The plan: layers to nodes, with a ReLU drawn into the layer before it where that can apply it.
#include <fmt/format.h>

#include "train/compiled/node.h"

namespace fedsim::compiled {
namespace {

template <class T>
NodePtr<T> make_node(const Layer& layer, const Network& network) {
  switch (layer.kind) {
    case LayerKind::linear:
      return make_linear<T>(layer, network);
    case LayerKind::conv:
      return make_conv<T>(layer, network);
    case LayerKind::maxpool:
      return make_maxpool<T>(layer);
    case LayerKind::avgpool:
    case LayerKind::globalpool:
      return make_average<T>(layer);
    case LayerKind::flatten:
      return is_image(layer.in) ? make_transpose<T>(layer.in, false) : nullptr;
    case LayerKind::relu:
    case LayerKind::gelu:
    case LayerKind::tanh:
      return make_activation<T>(layer);
    case LayerKind::dropout:
      return make_dropout<T>(layer);
    case LayerKind::groupnorm:
      return make_groupnorm<T>(layer, network);
    case LayerKind::layernorm:
      return make_layernorm<T>(layer, network);
    case LayerKind::embedding:
      return make_embedding<T>(layer, network);
    case LayerKind::lstm:
      return make_lstm<T>(layer, network);
    case LayerKind::last:
      return make_last<T>(layer);
    case LayerKind::residual:
      return make_residual<T>(layer, network);
    case LayerKind::batchnorm:
      break;
  }
  throw Refusal{fmt::format("the compiled trainer has no '{}'", layer.text)};
}

}  // namespace

template <class T>
Sequence<T>::Sequence(const std::vector<Layer>& layers, const Network& network) {
  for (const Layer& layer : layers) {
    if (layer.kind == LayerKind::relu && !nodes_.empty() && nodes_.back()->absorb_relu()) continue;
    if (NodePtr<T> node = make_node<T>(layer, network)) nodes_.push_back(std::move(node));
  }
}

template <class T>
void Sequence<T>::reserve(Index count) {
  for (const auto& node : nodes_) node->reserve(count);
}

template <class T>
const T* Sequence<T>::forward(const Pass<T>& pass, const T* x) {
  for (const auto& node : nodes_) x = node->forward(pass, x);
  return x;
}

template <class T>
T* Sequence<T>::backward(const Pass<T>& pass, T* dy, bool need_dx) {
  for (std::size_t i = nodes_.size(); i-- > 0;) dy = nodes_[i]->backward(pass, dy, need_dx || i > 0);
  return dy;
}

template <class T>
void Sequence<T>::factors(std::vector<Factor<T>>& list) const {
  for (const auto& node : nodes_) node->factors(list);
}

template <class T>
void Sequence<T>::stored_ranges(std::vector<std::pair<Index, Index>>& ranges) const {
  for (const auto& node : nodes_) node->stored_ranges(ranges);
}

template class Sequence<float>;
template class Sequence<double>;

}  // namespace fedsim::compiled
