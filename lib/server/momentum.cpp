// FedAvgM. Hsu, Qi, Brown, "Measuring the Effects of Non-Identical Data Distribution for Federated Visual
// Classification", arXiv:1909.06335:  v <- beta v + Delta;  w <- w + lr v, or with Nesterov's look-ahead
// w <- w + lr (Delta + beta v). v [d] starts at zero.
#include "server/optimizer.h"

namespace fedsim {
namespace {

class ServerMomentum final : public ServerOptimizer {
 public:
  struct Options {
    double lr = 1.0;
    double momentum = 0.9;
    bool nesterov = false;
    void visit(OptionVisitor& option) {
      option("lr", lr, above(0), "server step size");
      option("momentum", momentum, from_up_to(0, 1), "beta, the share of the last step that is kept");
      option("nesterov", nesterov, "look one step ahead");
    }
  };
  explicit ServerMomentum(Options options) : options_(options) {}

  void step(State& state, const Vec& delta) const override {
    Vec& v = state.vector("server.m");
    v *= options_.momentum;
    v += delta;
    if (options_.nesterov) {
      state.w.add_scaled(options_.lr, delta);
      state.w.add_scaled(options_.lr * options_.momentum, v);
    } else {
      state.w.add_scaled(options_.lr, v);
    }
  }

 private:
  Options options_;
};

const Register<ServerOptimizer, ServerMomentum> entry{"momentum", "heavy-ball or Nesterov momentum (FedAvgM)",
                                                      "arXiv:1909.06335"};

}  // namespace
}  // namespace fedsim
