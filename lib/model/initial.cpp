#include "model/network.h"

namespace fedsim {
namespace {

template <class T>
void fill(std::span<T> values, const Init& init, Random random) {
  for (T& value : values) {
    switch (init.kind) {
      case Init::Kind::uniform: value = static_cast<T>(random.uniform(-init.value, init.value)); break;
      case Init::Kind::normal: value = static_cast<T>(init.value * random.normal()); break;
      case Init::Kind::constant: value = static_cast<T>(init.value); break;
    }
  }
}

}  // namespace

Vec initial_parameters(const Network& network, std::uint64_t seed, Dtype dtype) {
  Vec w(static_cast<std::size_t>(network.size), dtype);
  for (std::size_t i = 0; i < network.parameters.size(); ++i) {
    const Parameter& parameter = network.parameters[i];
    const Random random(seed, Purpose::model_init, 0, i);
    const auto first = static_cast<std::size_t>(parameter.offset);
    const auto count = static_cast<std::size_t>(elements(parameter.shape));
    if (dtype == Dtype::float32) fill(w.as<float>().subspan(first, count), parameter.init, random);
    if (dtype == Dtype::float64) fill(w.as<double>().subspan(first, count), parameter.init, random);
  }
  return w;
}

}  // namespace fedsim
