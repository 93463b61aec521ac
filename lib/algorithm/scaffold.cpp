// SCAFFOLD: Stochastic Controlled Averaging for Federated Learning. Karimireddy et al., ICML 2020,
// arXiv:1910.06378, Algorithm 1.
//
//   client k, every step:  y <- y - lr (g - c_k + c)
//   client k, at the end:  c_k+ <- grad F_k(w) (option I)  or  c_k - c + (w - y) / (K lr) (option II)
//   server:                w <- w + lr_g mean_S(y - w);   c <- c + |S|/N mean_S(c_k+ - c_k)
//
// w, y, c, c_k: [d], c and c_k start at zero. K: the steps taken. Plain means, as in the paper. Traffic a client: 2d
// down, 2d up. control_scale = "effective" departs from the paper: it divides by the displacement that momentum
// gives a unit gradient instead of by K lr, without which momentum rho makes the controls 1/(1 - rho) times too
// large.
#include "algorithm/algorithm.h"
#include "algorithm/local_steps.h"

namespace fedsim {
namespace {

class Scaffold final : public Algorithm {
 public:
  struct Options {
    std::string option = "II";
    std::string control_scale = "lr";
    void visit(OptionVisitor& visitor) {
      visitor("option", option, {"I", "II"}, "new control: I, the gradient at w (one more pass); II, from the steps");
      visitor("control_scale", control_scale, {"lr", "effective"},
              "option II divides by K lr (paper), or by what momentum makes of it");
    }
  };
  explicit Scaffold(Options options) : options_(std::move(options)) {}

  void init(State& state) const override { state.vector("c"); }

  Task<Update> client(const Round& round, const State& server, ClientState& mine, Trainer& trainer) const override {
    const Vec& c = server["c"];
    Vec& c_k = mine.vector_like("c", c);
    const LocalJob job{.start = server.w, .linear = c - c_k};
    Update update = co_await trainer.update(job);
    if (options_.option == "I") {
      GradientResult full = co_await trainer.gradient(server.w);
      update.side = full.gradient - c_k;
    } else if (update.local.steps > 0) {
      const double momentum = options_.control_scale == "effective" ? round.local.momentum : 0;
      update.side = -c - update.delta / (accumulated_steps(update.local.steps, momentum, 0) * round.client_lr);
    } else {
      update.side = Vec(c.size(), c.dtype());
    }
    c_k += update.side;
    co_return update;
  }

  Vec server(const Round& round, State& state, Aggregate mean) const override {
    state.vector("c").add_scaled(static_cast<double>(mean.reported) / static_cast<double>(round.population), mean.side);
    return std::move(mean.delta);
  }

  bool uniform_weights() const override { return true; }
  std::vector<std::string> broadcast() const override { return {"c"}; }

  std::vector<std::string> warnings(const ClientOptions& local) const override {
    std::vector<std::string> found;
    if (options_.option == "I") return found;
    if (local.momentum > 0 && options_.control_scale == "lr")
      found.push_back(
          "SCAFFOLD's option II takes displacement / (steps * lr) for a gradient; client.momentum makes that too "
          "large by up to 1/(1 - momentum): set algorithm.control_scale = \"effective\" or momentum = 0");
    if (local.weight_decay > 0)
      found.push_back("SCAFFOLD's option II counts client.weight_decay as part of the gradient");
    return found;
  }

 private:
  Options options_;
};

const Register<Algorithm, Scaffold> entry{"scaffold", "control variates against client drift", "arXiv:1910.06378"};

}  // namespace
}  // namespace fedsim
