// The batched trainer on a GPU. In a process of its own (ctest runs each file so): LibTorch looks for its CUDA part once, at its
// first use, and the GPU must have been asked for by then.
#include <cstdlib>

#include "batched.h"
#include "train/batched/graph.h"

using namespace fedsim;
using namespace fedsim::test;

namespace {

/// False, with a warning, where there is none; with FEDSIM_TEST_GPU set that is a failure.
bool has_gpu() {
  try {
    const Dataset data = digits();
    make_engine(model_of({"flatten", "linear 10"}), data, "batched", "cuda", Dtype::float32);
    return true;
  } catch (const OutputError& error) {
    if (std::getenv("FEDSIM_TEST_GPU") != nullptr) FAIL(error.what());
    WARN("skipped: " << error.what());
    return false;
  }
}

}  // namespace

TEST_CASE("batched: on a GPU it equals the path of single clients there", "[batched][cuda]") {
  use_one_torch_thread();
  if (!has_gpu()) return;
  const Dataset image = toy_data({.rows = rows, .shape = {3, 12, 12}, .classes = 10});
  for (const char* name : {"2nn", "cnn", "lenet5"})
    check({digits(), shipped(name, digits()), everything()}, Dtype::float32, 1e-4, "cuda");
  check({image, residual_net, everything()}, Dtype::float32, 1e-4, "cuda");
  check({text(), {"embedding 5", "dropout 0.2", "lstm 6 1", "linear 20"}, everything()}, Dtype::float32, 1e-4,
        "cuda");
  const auto engine = make_engine(model_of({"flatten", "linear 10"}), image, "auto", "cuda", Dtype::float32);
  CHECK(engine->trainer() == "batched");
}

TEST_CASE("batched: the same call on a GPU has the same bytes, from a graph or not", "[batched][cuda]") {
  use_one_torch_thread();
  if (!has_gpu()) return;
  if (!batched::make_graph_stream(0)) WARN("without graphs: fedsim_cuda.so is not there");
  for (const char* name : {"lenet5", "2nn"}) check_same_bytes({digits(), shipped(name, digits()), "cuda"}, {7, 7, 7, 7, 7});  // graphs from the second call on
}

TEST_CASE("batched: a group of one client, and samples read on the host, on a GPU", "[batched][cuda]") {
  use_one_torch_thread();
  if (!has_gpu()) return;
  Case one{toy_data({.rows = rows, .shape = {2, 7, 5}}),
           {"conv 3 3", "dropout 0.3", "relu", "maxpool 2", "flatten", "linear 4"},
           everything()};
  one.noise = 0.5;
  check(one, Dtype::float32, 1e-4, "cuda");
  one.noise = 0;
  one.data.generated_on_draw = true;
  check(one, Dtype::float32, 1e-4, "cuda");
  const Dataset data = digits();
  const auto engine = make_engine(model_of(shipped("lenet5", data)), data, "batched", "cuda", Dtype::float32);
  const auto single = make_engine(model_of(shipped("lenet5", data)), data, "autograd", "cuda", Dtype::float32);
  const Vec start = engine->initial(3);
  const LocalJob job{.start = start};
  const ClientData client = ragged().front();
  const Round round = toy_round(everything());
  const CohortTrainer::Job asked{&client, &job};
  const auto got = engine->cohort_trainer(data)->sgd(round, {&asked, 1});
  const Vec expected = Worker(single->learner(), data, Dtype::float32).sgd(client, round, job).w;
  CHECK(norm(got[0].w - expected) <= 1e-4 * norm(expected));
}
