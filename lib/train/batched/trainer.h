// CohortTrainer over groups of clients.
#pragma once

#include <map>
#include <memory>

#include "train/batched/graph.h"
#include "train/batched/group.h"
#include "train/cohort_trainer.h"

namespace fedsim::batched {

class Trainer final : public CohortTrainer {
 public:
  Trainer(std::shared_ptr<const Network> network, const Dataset& data, Dtype dtype, at::Device device);
  std::vector<LocalResult> sgd(const Round& round, std::span<const Job> jobs) override;
  std::vector<GradientResult> gradient(const Round& round, std::span<const Point> points) override;

 private:
  /// A group with its step, which becomes a graph once it ran often enough.
  struct Prepared {
    std::unique_ptr<Group> group;
    std::unique_ptr<StepGraph> graph;
    int ordinary_steps = 0;
    bool no_graph = false;
    bool returned = false;  // asked for more than once
    std::int64_t last_call = 0;
  };
  Prepared& prepared(const GroupShape& shape);
  /// `left`: steps of this run still to come, this one among them.
  void step(Prepared& one, std::int64_t left);
  void train(Prepared& one, const GroupShape& shape, const Round& round, std::span<const Job> jobs,
             std::vector<LocalResult>& results);
  /// Runs `work` on the stream of the graphs, where there is one.
  void run(const std::function<void()>& work);

  std::shared_ptr<const Network> network_;
  Dtype dtype_;
  at::Device device_;
  DeviceSamples samples_;
  std::unique_ptr<GraphStream> stream_;
  std::map<GroupShape, Prepared> groups_;
  std::int64_t calls_ = 0;
  std::vector<BatchPlan> plans_;
};

}  // namespace fedsim::batched
