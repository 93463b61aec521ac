// FedNova. Wang et al., "Tackling the Objective Inconsistency Problem in Heterogeneous Federated Optimization",
// NeurIPS 2020, arXiv:2007.07481, equations 8 to 10.
//
//   client k:  K_k local steps;  send  d_k = (w_k - w) / a_k  and  a_k
//   server:    w <- w + lr_g tau_eff sum_k p_k d_k,  tau_eff = sum_k p_k a_k
//
// a_k = |a_k|_1 is K_k for plain SGD and more with momentum (local_steps.h). With equal a_k this is FedAvg.
// w, d_k: [d]. Traffic a client: d down, d and one number up.
#include "algorithm/algorithm.h"
#include "algorithm/local_steps.h"

namespace fedsim {
namespace {

class FedNova final : public Algorithm {
 public:
  struct Options {
    double mu = 0;
    void visit(OptionVisitor& option) { option("mu", mu, at_least(0), "weight of a local proximal term"); }
  };
  explicit FedNova(Options options) : options_(options) {}

  Task<Update> client(const Round& round, const State& server, ClientState&, Trainer& trainer) const override {
    const LocalJob job{.start = server.w, .prox = options_.mu};
    Update update = co_await trainer.update(job);
    const double a_k = accumulated_steps(update.local.steps, round.local.momentum, round.client_lr * options_.mu);
    if (a_k > 0) update.delta /= a_k;
    update.scalars.push_back(a_k);
    co_return update;
  }

  Vec server(const Round&, State&, Aggregate mean) const override {
    const double tau_eff = mean.scalars.at(0);
    return tau_eff * std::move(mean.delta);
  }

 private:
  Options options_;
};

const Register<Algorithm, FedNova> entry{"fednova", "normalised averaging for unequal numbers of local steps",
                                         "arXiv:2007.07481"};

}  // namespace
}  // namespace fedsim
