// FedSGD. McMahan et al., AISTATS 2017, arXiv:1602.05629, section 2: one full-batch gradient a client and round.
//
//   client k:  send  Delta_k = -lr grad F_k(w)
//   server:    w <- w + lr_g sum_k p_k Delta_k
//
// w, Delta: [d]. With weights by samples and every client taking part this is gradient descent on the pooled loss.
// Traffic a client: d down, d up.
#include "algorithm/algorithm.h"

namespace fedsim {
namespace {

class FedSgd final : public Algorithm {
 public:
  using Options = NoOptions;
  explicit FedSgd(Options) {}

  Task<Update> client(const Round& round, const State& server, ClientState&, Trainer& trainer) const override {
    GradientResult full = co_await trainer.gradient(server.w);
    Update update{.delta = -round.client_lr * std::move(full.gradient)};
    update.local.steps = 1;
    update.local.processed = full.samples;
    update.local.loss = full.loss;
    co_return update;
  }

  std::vector<std::string> warnings(const ClientOptions& local) const override {
    std::vector<std::string> found;
    if (local.momentum > 0 || local.weight_decay > 0)
      found.push_back("fedsgd takes one plain gradient step: client.momentum and client.weight_decay have no effect");
    return found;
  }
};

const Register<Algorithm, FedSgd> entry{"fedsgd", "one gradient step on each client's whole data", "arXiv:1602.05629"};

}  // namespace
}  // namespace fedsim
