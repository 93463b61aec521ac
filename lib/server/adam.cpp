// FedAdam. Reddi et al., ICLR 2021, arXiv:2003.00295, Algorithm 2:
//   v <- beta2 v + (1 - beta2) Delta^2
#include "server/elementwise.h"

namespace fedsim {
namespace {

class ServerAdam final : public ServerOptimizer {
 public:
  struct Options {
    double lr = 0.01;
    double beta1 = 0.9;
    double beta2 = 0.99;
    double tau = 1e-3;
    void visit(OptionVisitor& option) {
      option("lr", lr, above(0), "server step size");
      option("beta1", beta1, from_up_to(0, 1), "decay of the first moment");
      option("beta2", beta2, from_up_to(0, 1), "decay of the second moment");
      option("tau", tau, above(0), "degree of adaptivity: added to the root of the second moment");
    }
  };
  explicit ServerAdam(Options options) : options_(options) {}

  void step(State& state, const Vec& delta) const override {
    const double beta2 = options_.beta2;
    adaptive_step(state, delta, options_.lr, options_.beta1, options_.tau, [beta2]<class T>(T v, T square) {
      return static_cast<T>(beta2) * v + static_cast<T>(1 - beta2) * square;
    });
  }

 private:
  Options options_;
};

const Register<ServerOptimizer, ServerAdam> entry{"adam", "FedAdam on the mean update", "arXiv:2003.00295"};

}  // namespace
}  // namespace fedsim
