// w <- w + lr Delta. lr = 1 is the plain mean of the models.
#include "server/optimizer.h"

namespace fedsim {
namespace {

class ServerSgd final : public ServerOptimizer {
 public:
  struct Options {
    double lr = 1.0;
    void visit(OptionVisitor& option) { option("lr", lr, above(0), "server step size"); }
  };
  explicit ServerSgd(Options options) : options_(options) {}

  void step(State& state, const Vec& delta) const override { state.w.add_scaled(options_.lr, delta); }

 private:
  Options options_;
};

const Register<ServerOptimizer, ServerSgd> entry{"sgd", "w + lr * mean update", "arXiv:1602.05629"};

}  // namespace
}  // namespace fedsim
