// FedAvg. McMahan et al., "Communication-Efficient Learning of Deep Networks from Decentralized Data", AISTATS 2017,
// arXiv:1602.05629, Algorithm 1.
//
//   client k:  w_k <- w; every step  w_k <- w_k - lr g;   send  Delta_k = w_k - w
//   server:    w <- w + lr_g sum_k p_k Delta_k,  p_k = n_k / sum_{j in S} n_j
//
// w, Delta: [d]. Traffic a client: d down, d up.
#include "algorithm/algorithm.h"

namespace fedsim {
namespace {

class FedAvg final : public Algorithm {
 public:
  using Options = NoOptions;
  explicit FedAvg(Options) {}

  Task<Update> client(const Round&, const State& server, ClientState&, Trainer& trainer) const override {
    const LocalJob job{.start = server.w};
    co_return co_await trainer.sealed_update(job);
  }
};

const Register<Algorithm, FedAvg> entry{"fedavg", "local SGD, then the mean of the models", "arXiv:1602.05629"};

}  // namespace
}  // namespace fedsim
