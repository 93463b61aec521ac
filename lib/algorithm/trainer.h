// What an algorithm can ask of a client's data: local SGD, a full gradient, a loss. Data, not hooks: the executor
// may run a request at once on a CPU worker, or gather those of a whole cohort into one launch on a GPU.
#pragma once

#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "core/sealed_change.h"
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

/// What is asked of local SGD: w; w - start; or the same where nobody looks into it before it is summed.
enum class Answer { model, change, sealed_change };

struct LocalResult {
  Vec w;                       // [d] after the last step, or that minus the start where `relative`
  std::unique_ptr<const SealedChange> sealed{};  // set: in place of w, which is empty
  std::int64_t steps = 0;      // taken
  std::int64_t processed = 0;  // samples, all epochs
  double loss = 0;             // mean over every sample processed, before each step's update
  bool relative = false;
};

/// What a client sends.
struct Update {
  Vec delta;                      // [d] change of the model
  std::unique_ptr<const SealedChange> sealed{};  // set, by sealed_update alone: the change, in place of delta
  Vec side{};                     // [d] second uplink vector, or empty
  std::vector<double> scalars{};  // a few numbers, averaged like the vectors
  LocalResult local{};            // for the record: steps, loss (w may be empty)

  /// Of the change. `largest` is a bound where it is sealed.
  Magnitude magnitude() const { return sealed ? sealed->magnitude() : measure(delta); }
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
  Answer answer = Answer::model;  // sgd: what will be used; the model may come in place of its change
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
  struct UpdateWait;
  struct GradientWait;
  struct LossWait;
  /// co_await gives a LocalResult. The job must be a named variable: g++ 12 destroys an aggregate temporary inside
  /// a co_await expression twice, so that form does not compile.
  SgdWait sgd(const LocalJob& job);
  SgdWait sgd(LocalJob&&) = delete;
  /// The same, where only the change counts: co_await gives an Update with delta = w - start and `local`. A trainer
  /// may write the difference in its last step, which saves a pass over the three vectors.
  UpdateWait update(const LocalJob& job);
  UpdateWait update(LocalJob&&) = delete;
  /// The same for an algorithm that sends the change unseen: it may come uncomputed, as Update::sealed, until it is
  /// summed.
  UpdateWait sealed_update(const LocalJob& job);
  UpdateWait sealed_update(LocalJob&&) = delete;
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
struct Trainer::UpdateWait : Trainer::Wait {
  Update await_resume() {
    check();
    Update update;
    update.local = std::move(request.local);
    update.sealed = std::move(update.local.sealed);
    update.delta = std::move(update.local.w);
    if (!update.local.relative) update.delta -= request.job->start;
    return update;
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
inline Trainer::UpdateWait Trainer::update(const LocalJob& job) {
  return {{*this, {.kind = TrainRequest::Kind::sgd, .job = &job, .answer = Answer::change}}};
}
inline Trainer::UpdateWait Trainer::sealed_update(const LocalJob& job) {
  return {{*this, {.kind = TrainRequest::Kind::sgd, .job = &job, .answer = Answer::sealed_change}}};
}
inline Trainer::GradientWait Trainer::gradient(const Vec& w) {
  return {{*this, {.kind = TrainRequest::Kind::gradient, .at = &w}}};
}
inline Trainer::LossWait Trainer::loss(const Vec& w) { return {{*this, {.kind = TrainRequest::Kind::loss, .at = &w}}}; }

}  // namespace fedsim
