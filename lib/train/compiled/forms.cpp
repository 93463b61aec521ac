#include "train/compiled/forms.h"

#include <algorithm>

namespace fedsim::compiled {

Facts::Facts(const Dataset& data)
    : density(fedsim::density(data)), byte_divisor(data.train ? data.train->byte_divisor() : 0) {}

std::vector<Layer> layers_of(const Network& network) {
  auto first = network.layers.begin();
  if (first->kind == LayerKind::flatten) ++first;
  return {first, network.layers.end()};
}

template <class T>
Forms<T>::Forms(const Kernels<T>& kernels, const Network& network, const Facts& facts) {
  const auto layers = layers_of(network);
  const Layer& first = layers.front();
  if (first.kind == LayerKind::linear && first.in.size() == 1 && offset_of(first, network, 0) == 0)
    first_.emplace(kernels, offset_of(first, network, 0), first.in[0], first.out[0], facts.density, facts.byte_divisor != 0);
  for (std::size_t i = 1; kernels.input_major_step != nullptr && i < layers.size(); ++i)
    if (layers[i].kind == LayerKind::linear && layers[i - 1].kind == LayerKind::relu && layers[i].out.back() >= wide)
      hidden_.emplace_back(kernels, offset_of(layers[i], network, 0), layers[i].in.back(), layers[i].out.back());
}

template <class T>
void Forms<T>::begin(const T* w, const RunShape& run, T pull) {
  end();
  if (first_ && first_->pays(run)) dual_ = &*first_;
  // In dual form in any case: sealed changes of all clients have these weights by columns, see by_columns.
  if (!dual_ && run.visits <= few_steps * run.batch) return;
  held_ = hidden_;
  for (InputMajor<T>& layer : held_) layer.begin(w, run.start, pull);
}

template <class T>
void Forms<T>::end() {
  dual_ = nullptr;
  held_ = {};
}

template <class T>
void Forms<T>::write(bool difference, T* flat) const {
  if (dual_) dual_->write(difference, flat);
  for (const InputMajor<T>& layer : held_) layer.write(difference, flat);
}

template <class T>
bool Forms<T>::by_columns(Index weight) const {
  if (first_ && first_->weight() == weight) return first_->by_columns();
  return std::ranges::any_of(hidden_, [=](const auto& layer) { return layer.weight() == weight; });
}

template class Forms<float>;
template class Forms<double>;

}  // namespace fedsim::compiled
