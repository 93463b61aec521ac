// The adaptive server optimisers of Reddi et al., "Adaptive Federated Optimization", ICLR 2021, arXiv:2003.00295,
// Algorithm 2: they differ in one line.
#pragma once

#include <cmath>

#include "server/optimizer.h"

namespace fedsim {

/// m <- beta1 m + (1 - beta1) Delta;  v <- second_moment(v, Delta^2);  w <- w + lr m / (sqrt v + tau).
/// v starts at tau^2, no bias correction, tau outside the root, as in the paper. All [d]; arithmetic in the dtype.
template <class SecondMoment>
void adaptive_step(State& state, const Vec& delta, double lr, double beta1, double tau, SecondMoment second_moment) {
  const bool first = !state.vectors.contains("server.v");
  Vec& moment = state.vector("server.m");
  Vec& second = state.vector("server.v");
  const auto step = [&]<class T>(T) {
    const auto d = delta.as<T>();
    const auto m = moment.as<T>(), v = second.as<T>(), w = state.w.as<T>();
    for (std::size_t i = 0; i < d.size(); ++i) {
      if (first) v[i] = static_cast<T>(tau * tau);
      m[i] = static_cast<T>(beta1) * m[i] + static_cast<T>(1 - beta1) * d[i];
      v[i] = second_moment(v[i], d[i] * d[i]);
      w[i] += static_cast<T>(lr) * m[i] / (std::sqrt(v[i]) + static_cast<T>(tau));
    }
  };
  if (delta.dtype() == Dtype::float32)
    step(float{});
  else
    step(double{});
}

}  // namespace fedsim
