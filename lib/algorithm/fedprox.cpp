// FedProx. Li et al., "Federated Optimization in Heterogeneous Networks", MLSys 2020, arXiv:1812.06127, Algorithm 2.
//
//   client k:  every step  w_k <- w_k - lr (g + mu (w_k - w));   send  Delta_k = w_k - w
//   server:    as FedAvg
//
// The penalty is mu/2 |w_k - w|^2 (squared, as in the paper), taken as a gradient term. mu = 0 is FedAvg.
// w, Delta: [d]. Traffic a client: d down, d up.
#include "algorithm/algorithm.h"

namespace fedsim {
namespace {

class FedProx final : public Algorithm {
 public:
  struct Options {
    double mu = 0.01;
    void visit(OptionVisitor& option) { option("mu", mu, at_least(0), "weight of the proximal term; 0 is FedAvg"); }
  };
  explicit FedProx(Options options) : options_(options) {}

  Task<Update> client(const Round&, const State& server, ClientState&, Trainer& trainer) const override {
    const LocalJob job{.start = server.w, .prox = options_.mu};
    co_return co_await trainer.sealed_update(job);
  }

 private:
  Options options_;
};

const Register<Algorithm, FedProx> entry{"fedprox", "FedAvg with a proximal term against client drift",
                                         "arXiv:1812.06127"};

}  // namespace
}  // namespace fedsim
