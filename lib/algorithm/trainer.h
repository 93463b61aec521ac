// What an algorithm can ask of a client's data: local SGD, a full gradient, a loss. Data, not hooks: the executor
// may run a request at once on a CPU worker, or gather those of a whole cohort into one launch on a GPU.
#pragma once

#include <coroutine>
#include <cstdint>
#include <exception>
#include <variant>

#include "core/vec.h"

namespace fedsim {

/// Local SGD from `start`. Every step uses  g(w) = grad f_k(w; batch) + prox (w - anchor) + linear.
/// `start`, and `anchor` where given, must outlive the training (they are the server's or the client's state).
struct LocalJob {
  const Vec& start;             // [d]
  double prox = 0;              // mu
  const Vec* anchor = nullptr;  // [d]; null: start
  Vec linear{};                 // [d] or empty: none
  std::int64_t steps = 0;       // 0: as [client] says
  std::int64_t epochs = 0;      // 0: as [client] says
};

struct LocalResult {
  Vec w;                       // [d] after the last step
  std::int64_t steps = 0;      // taken
  std::int64_t processed = 0;  // samples, all epochs
  double loss = 0;             // mean over every sample processed, before each step's update
};

struct GradientResult {
  Vec gradient;  // [d] of the mean loss over all of the client's samples
  double loss = 0;
  std::int64_t samples = 0;
};

/// One thing asked, with room for its answer.
struct TrainRequest {
  enum class Kind { sgd, gradient, loss } kind;
  const LocalJob* job = nullptr;  // sgd
  const Vec* at = nullptr;        // gradient, loss
  LocalResult local{};
  GradientResult full{};
  std::exception_ptr error{};
};

/// A client's access to training. An awaitable must be awaited at once, in the statement that makes it.
class Trainer {
 public:
  virtual ~Trainer() = default;

  struct SgdWait;
  struct GradientWait;
  struct LossWait;
  /// co_await gives a LocalResult. The job must be a named variable: g++ 12 destroys an aggregate temporary inside
  /// a co_await expression twice, so that form does not compile.
  SgdWait sgd(const LocalJob& job);
  SgdWait sgd(LocalJob&&) = delete;
  /// co_await gives a GradientResult: the gradient of the client's whole loss at w.
  GradientWait gradient(const Vec& w);
  /// co_await gives the client's mean loss at w.
  LossWait loss(const Vec& w);

  /// n_k, the client's number of samples.
  virtual std::int64_t samples() const = 0;

  /// Called by the awaitables. True: answered at once. False: the executor resumes the client when it is answered.
  virtual bool submit(TrainRequest& request) = 0;

 private:
  struct Wait {
    Trainer& trainer;
    TrainRequest request;
    bool await_ready() { return trainer.submit(request); }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    void check() const {
      if (request.error) std::rethrow_exception(request.error);
    }
  };
};

struct Trainer::SgdWait : Trainer::Wait {
  LocalResult await_resume() {
    check();
    return std::move(request.local);
  }
};
struct Trainer::GradientWait : Trainer::Wait {
  GradientResult await_resume() {
    check();
    return std::move(request.full);
  }
};
struct Trainer::LossWait : Trainer::Wait {
  double await_resume() const {
    check();
    return request.full.loss;
  }
};

inline Trainer::SgdWait Trainer::sgd(const LocalJob& job) {
  return {{*this, {.kind = TrainRequest::Kind::sgd, .job = &job}}};
}
inline Trainer::GradientWait Trainer::gradient(const Vec& w) {
  return {{*this, {.kind = TrainRequest::Kind::gradient, .at = &w}}};
}
inline Trainer::LossWait Trainer::loss(const Vec& w) { return {{*this, {.kind = TrainRequest::Kind::loss, .at = &w}}}; }

}  // namespace fedsim
