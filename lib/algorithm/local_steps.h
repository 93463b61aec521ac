// How far a local run moves for a unit gradient: the normaliser of FedNova and of SCAFFOLD's "effective" scale.
#pragma once

#include <cstdint>

namespace fedsim {

/// a = |a_k|_1 of FedNova (arXiv:2007.07481, section 4): the displacement -(w_K - w_0)/lr after K steps of
///   v <- rho v + g + mu (w - w_0),  w <- w - lr v,  for g = 1 throughout.
/// It is K for plain SGD, [K - rho (1 - rho^K)/(1 - rho)]/(1 - rho) with momentum rho, and
/// [1 - (1 - lr mu)^K]/(lr mu) with a proximal term; the recursion covers both together.
inline double accumulated_steps(std::int64_t steps, double momentum, double lr_mu) {
  if (momentum == 0 && lr_mu == 0) return static_cast<double>(steps);
  double displacement = 0, velocity = 0;
  for (std::int64_t k = 0; k < steps; ++k) {
    velocity = momentum * velocity + 1 - lr_mu * displacement;
    displacement += velocity;
  }
  return displacement;
}

}  // namespace fedsim
