// FedAdagrad. Reddi et al., ICLR 2021, arXiv:2003.00295, Algorithm 2:
//   v <- v + Delta^2
#include "server/elementwise.h"

namespace fedsim {
namespace {

class ServerAdagrad final : public ServerOptimizer {
 public:
  struct Options {
    double lr = 0.1;
    double beta1 = 0.0;
    double tau = 1e-3;
    void visit(OptionVisitor& option) {
      option("lr", lr, above(0), "server step size");
      option("beta1", beta1, from_up_to(0, 1), "decay of the first moment");
      option("tau", tau, above(0), "degree of adaptivity: added to the root of the second moment");
    }
  };
  explicit ServerAdagrad(Options options) : options_(options) {}

  void step(State& state, const Vec& delta) const override {
    adaptive_step(state, delta, options_.lr, options_.beta1, options_.tau,
                  []<class T>(T v, T square) { return v + square; });
  }

 private:
  Options options_;
};

const Register<ServerOptimizer, ServerAdagrad> entry{"adagrad", "FedAdagrad on the mean update", "arXiv:2003.00295"};

}  // namespace
}  // namespace fedsim
