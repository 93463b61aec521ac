#include <torch/script.h>

#include <fstream>

#include "catch.hpp"
#include "core/error.h"
#include "temporary_folder.hpp"
#include "toy_data.h"
#include "train/engine.h"
#include "train/torch_threads.h"

using namespace fedsim;
using namespace fedsim::test;

namespace {

/// A module with two linear layers, 6 -> 5 -> 4, as torch.jit would save it.
torch::jit::Module module_of(const std::string& forward) {
  torch::jit::Module module("toy");
  torch::manual_seed(1);
  const auto tensor = [&](const char* name, std::vector<std::int64_t> shape) {
    module.register_parameter(name, torch::rand(shape).sub(0.5).set_requires_grad(true), false);
  };
  tensor("w1", {5, 6});
  tensor("b1", {5});
  tensor("w2", {4, 5});
  tensor("b2", {4});
  module.register_attribute("training", c10::BoolType::get(), true);
  module.define(forward);
  return module;
}

const char* const two_layers = R"(
def forward(self, x):
    return torch.linear(torch.tanh(torch.linear(x, self.w1, self.b1)), self.w2, self.b2)
)";

std::unique_ptr<Engine> engine_of(const std::filesystem::path& file, const Dataset& data,
                                  Dtype dtype = Dtype::float32) {
  return make_engine({.layers = {}, .torchscript = {file.string()}}, data, "auto", "cpu", dtype);
}

std::string error_of(const std::filesystem::path& file, const Dataset& data) {
  try {
    engine_of(file, data);
  } catch (const OptionError& error) {
    return error.option + ": " + error.message + " / " + error.help;
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a TorchScript module trains like the same layers") {
  use_one_torch_thread();
  const TemporaryFolder folder;
  const auto file = folder / "model.pt";
  module_of(two_layers).save(file.string());
  const Dataset data = toy_data();
  const auto dtype = GENERATE(Dtype::float32, Dtype::float64);
  const auto script = engine_of(file, data, dtype);
  const auto layers = make_engine({.layers = {"linear 5", "tanh", "linear 4"}, .torchscript = {}}, data, "autograd",
                                  "cpu", dtype);
  REQUIRE(script->tensors().size() == 4);
  CHECK(script->tensors()[2].name == "w2");
  CHECK(script->tensors()[2].shape == Shape{4, 5});
  const Vec start = script->initial(1);
  CHECK(script->initial(2) == start);  // the file's values
  ClientOptions local;
  local.momentum = 0.9;
  local.epochs = 3;
  const Round round = toy_round(local);
  const ClientData client{.client = 1, .rows = Rows(0, 23)};
  Worker ours(script->learner(), data, dtype), reference(layers->learner(), data, dtype);
  const LocalJob job{.start = start};
  const Vec after = ours.sgd(client, round, job).w;
  // The script's executor may fuse operations: equal up to rounding, 9 steps of them.
  CHECK(largest_difference(after, reference.sgd(client, round, job).w) < (dtype == Dtype::float32 ? 1e-6 : 1e-14));
  CHECK(largest_difference(after, start) > 1e-3);
  // Bits do not depend on how often a worker ran, nor on the worker.
  CHECK(ours.sgd(client, round, job).w == after);
  CHECK(Worker(script->learner(), data, dtype).sgd(client, round, job).w == after);
  CHECK(ours.test(0, 23, start).correct == reference.test(0, 23, start).correct);
}

TEST_CASE("TorchScript files that cannot be trained are refused by name") {
  const TemporaryFolder folder;
  const Dataset data = toy_data();
  CHECK(has(error_of(folder / "none.pt", data), "none.pt: no such file"));
  std::ofstream(folder / "text.pt") << "no module";
  CHECK(has(error_of(folder / "text.pt", data), "text.pt: not a TorchScript module"));

  module_of(R"(
def forward(self, x):
    return torch.dropout(torch.linear(x, self.w1, self.b1), 0.5, self.training)
)").save((folder / "dropout.pt").string());
  CHECK(has(error_of(folder / "dropout.pt", data), "calls aten::dropout"));

  module_of(two_layers).save((folder / "model.pt").string());
  CHECK(has(error_of(folder / "model.pt", toy_data({.classes = 3})), "gives 2x4 for a batch of shape 2x6"));
  CHECK(has(error_of(folder / "model.pt", toy_data({.shape = {7}})), "fails on a batch of shape 2x7"));

  torch::jit::Module empty("empty");
  empty.define("def forward(self, x):\n    return x\n");
  empty.save((folder / "empty.pt").string());
  CHECK(has(error_of(folder / "empty.pt", data), "has no parameters to train"));
}
