// One model on one worker: what a trainer must be able to do with one batch. The loop over epochs and batches is
// local_sgd.cpp's alone; a learner never sees a client.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "algorithm/trainer.h"
#include "core/random.h"
#include "data/dataset.h"
#include "train/cohort_trainer.h"

namespace fedsim {

/// A batch in memory. x: [count, sample] of the model's dtype, y: [count, targets].
struct Batch {
  const void* x = nullptr;
  const std::uint8_t* const* bytes = nullptr;  // [count] where each sample's are, in place of x, for learners that take
                                               // them: see byte_divisor. The bytes stay as long as the data set
  const std::int32_t* y = nullptr;
  std::int64_t count = 0;
  std::span<const std::uint8_t* const> coming{};  // where the bytes are of samples that are read after these, of any batch or client:
                                                  // the learner asks for them (core/prefetch.h), best a little at a time
  RandomStream dropout;  // of this step's masks
  const std::int64_t* places = nullptr;  // [count] of the samples among all of the client's, in place of x; see begin
  std::int64_t client = -1;              // for learners whose "batch" is the client itself (quadratic)
};

/// How every step of a local run is made: g = grad + weight_decay w + prox (w - anchor) + linear, after clipping the
/// batch gradient to norm `clip`; v = momentum v + g (v new at begin); w -= lr v. As torch.optim.SGD.
struct StepRule {
  double lr = 0, momentum = 0, weight_decay = 0, clip = 0, prox = 0;
  const Vec* anchor = nullptr;  // [d], set where prox != 0
  const Vec* linear = nullptr;  // [d] or null
};

/// What is known of a local run before it begins.
struct RunShape {
  std::int64_t samples = 0;  // of the client; 0: not known, or they are other ones at each visit
  std::int64_t visits = 0;   // samples of all batches together, at least `samples`: the first ones are all of them
  std::int64_t batch = 0;    // samples of the largest batch
  std::uint64_t start = 0;   // a name of the start's values: the same one, if it is not 0, stands for the same values
};

/// Sums over samples, so that parts add up in a fixed order.
struct Evaluation {
  double loss = 0;           // sum over targets of the cross-entropy
  std::int64_t correct = 0;  // targets predicted right (argmax, first of equals)
  std::int64_t count = 0;    // targets that are not padding
};

class Learner {
 public:
  virtual ~Learner() = default;
  /// Starts a local run at `start` [d] with a fresh momentum buffer. `start` and what `rule` points to must stay
  /// unchanged until the run is over: the first step may read them in place. True, where shape.samples is known: the
  /// learner wants all samples at once. `samples` follows, and batches have places among them in place of x.
  virtual bool begin(const Vec& start, const StepRule& rule, const RunShape& shape = {}) = 0;
  /// All of the client's samples, in the order of the first visits; x stays until the run is over.
  virtual void samples(const Batch&) {}
  /// One SGD step. Returns the batch's summed loss and target count before the update (hits are not counted).
  virtual Evaluation step(const Batch& batch) = 0;
  /// The step after which take_sealed or take_difference follows: a learner may write the difference at once, or leave
  /// it uncomputed where a sealed change is asked for.
  virtual Evaluation last_step(const Batch& batch, Answer) { return step(batch); }
  /// The parameters after the steps so far.
  virtual Vec parameters() const = 0;
  /// The same, and ends the local run: a learner may hand over its own memory.
  virtual Vec take() { return parameters(); }
  /// The change that last_step left uncomputed, which ends the run; null: it did not.
  virtual std::unique_ptr<const SealedChange> take_sealed() { return nullptr; }
  /// The parameters minus `start`, which began the run; ends it. Any last step was made by last_step.
  virtual Vec take_difference(const Vec& start) { return take() - start; }
  /// Adds the gradient of the batch's summed loss at `w` to `gradient` (float64 [d], whatever the dtype). Without
  /// dropout and with running statistics, so that it is a function of `w` and the samples. Ends a local run.
  virtual Evaluation gradient(const Vec& w, const Batch& batch, Vec& gradient) = 0;
  /// Loss and hits of a batch at `w`, in evaluation mode (no dropout, running statistics). Ends a local run.
  virtual Evaluation evaluate(const Vec& w, const Batch& batch) = 0;
  /// Samples of a batch where no batch size is asked for. Constant: it is part of a result's bits.
  virtual std::int64_t rows_at_once() const { return 256; }
  /// Not 0: a batch may have bytes in place of features, which are those divided by this.
  virtual float byte_divisor() const { return 0; }
  /// True where a batch is a whole client and has no features: `count` is its number of samples (quadratic).
  virtual bool whole_clients() const { return false; }
};

/// A trainer for one run: knows the model and makes a learner for each worker.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::unique_ptr<Learner> learner() const = 0;  // thread-safe
  /// What trains many clients at once, where this engine does; null: a client a worker. `data` must outlive it.
  virtual std::unique_ptr<CohortTrainer> cohort_trainer(const Dataset&) const { return nullptr; }
  virtual Vec initial(std::uint64_t seed) const = 0;     // [d] first parameters
  virtual std::string trainer() const = 0;               // "autograd", "compiled", "batched": the attribute /trainer
  virtual std::string device() const = 0;                // "cpu", "cuda:0"
  /// Where each tensor is in the flat vector, for /model/names and /model/shapes.
  struct Tensor {
    std::string name;
    Shape shape;
  };
  virtual std::vector<Tensor> tensors() const = 0;
  /// False where the model has no notion of a right answer: test_accuracy is NaN.
  virtual bool accuracy_defined() const { return true; }
  /// What Worker::test counts: rows of the test set (clients, for quadratic).
  virtual std::int64_t test_rows(const Dataset& data) const { return data.test ? data.test->size() : 0; }
  std::string instruction_set;  // "avx512", "avx2", "generic": the attribute /isa
};

}  // namespace fedsim
