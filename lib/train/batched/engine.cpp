#include "train/autograd_engine.h"
#include "train/batched/batched.h"
#include "train/batched/trainer.h"

namespace fedsim {
namespace {

/// Trains cohorts; what is asked of one client or of the test set goes to autograd's learners.
class BatchedEngine final : public Engine {
 public:
  BatchedEngine(const Network& network, const std::string& device, Dtype dtype)
      : network_(std::make_shared<const Network>(network)),
        single_(make_autograd_engine(network, device, dtype)),
        dtype_(dtype) {
    instruction_set = single_->instruction_set;
  }
  std::unique_ptr<Learner> learner() const override { return single_->learner(); }
  std::unique_ptr<CohortTrainer> cohort_trainer(const Dataset& data) const override {
    return std::make_unique<batched::Trainer>(network_, data, dtype_, at::Device(single_->device()));
  }
  Vec initial(std::uint64_t seed) const override { return single_->initial(seed); }
  std::string trainer() const override { return "batched"; }
  std::string device() const override { return single_->device(); }
  std::vector<Tensor> tensors() const override { return single_->tensors(); }

 private:
  std::shared_ptr<const Network> network_;
  std::unique_ptr<Engine> single_;
  Dtype dtype_;
};

}  // namespace

std::unique_ptr<Engine> make_batched_engine(const Network& network, const std::string& device, Dtype dtype,
                                            std::string& why_not) {
  why_not = batched::refusal(network);
  if (!why_not.empty()) return nullptr;
  return std::make_unique<BatchedEngine>(network, device, dtype);
}

}  // namespace fedsim
