// The batched trainer on the CPU.
#include "batched.h"

using namespace fedsim;
using namespace fedsim::test;

TEST_CASE("batched: shipped models equal the path of single clients", "[batched]") {
  for (const char* name : {"logistic", "2nn", "lenet5"})
    check_both({digits(), shipped(name, digits()), batches_of(4)});
  check({digits(), shipped("cnn", digits()), batches_of(4)}, Dtype::float32, 1e-4);
}

TEST_CASE("batched: LSTM and embedding, padded targets", "[batched]") {
  check_both({text(), {"embedding 8", "lstm 12 2", "linear 20"}, batches_of(4)});
  check_both({text(1), {"embedding 8", "lstm 12 2", "last", "linear 20"}, everything()});
}

TEST_CASE("batched: a residual network with group norm", "[batched]") {
  check_both({toy_data({.rows = rows, .shape = {3, 12, 12}, .classes = 10}), residual_net, everything()});
}

TEST_CASE("batched: momentum, weight decay, clip, prox and linear", "[batched]") {
  const Dataset data = toy_data({.rows = rows});
  const std::vector<std::string> layers{"linear 9", "gelu", "layernorm", "linear 4"};
  Case one{data, layers, everything()};
  check_both(one);
  one.prox = 0.3;
  check_both(one);
  one.linear = true;
  check_both(one);
  one.prox = 0;
  one.local = batches_of(0, 0.02);  // the whole client a step
  one.local.steps = 70;             // more than are planned at once
  check_both(one);
}

TEST_CASE("batched: dropout draws the masks of the other trainers", "[batched]") {
  const Dataset data = toy_data({.rows = rows, .shape = {2, 7, 5}});
  check_both({data,
              {"conv 3 3", "dropout 0.3", "relu", "residual(dropout 0.5 | conv 3 1, dropout 0.25)", "flatten",
               "linear 9", "groupnorm 3", "dropout 0.4", "tanh", "linear 4"},
              everything()});
  check_both({text(), {"embedding 5", "dropout 0.2", "lstm 6 1", "dropout 0.5", "linear 20"}, batches_of(4)});
}

TEST_CASE("batched: feature noise, and samples that are made on draw", "[batched]") {
  Case one{toy_data({.rows = rows, .shape = {2, 7, 5}}),
           {"conv 3 3", "relu", "maxpool 2", "flatten", "linear 4"},
           batches_of(4)};
  one.noise = 0.5;
  check_both(one);
  one.noise = 0;
  one.data.generated_on_draw = true;
  check_both(one);
}

TEST_CASE("batched: random lists of layers", "[batched]") {
  Random random(12, Purpose::data);
  const Dataset image = toy_data({.rows = rows, .shape = {2, 11, 9}});
  for (int trial = 0; trial < 12; ++trial) {
    const std::vector<std::string> layers = random_layers(random);
    check_both({image, layers, batches_of(4)});
  }
}

TEST_CASE("batched: the same call has the same bytes", "[batched]") {
  check_same_bytes({digits(), shipped("lenet5", digits()), "cpu"}, {7, 7});
}

TEST_CASE("batched: groups of more sizes than are kept, in turn and again", "[batched]") {
  check_same_bytes({toy_data({.rows = rows}), {"linear 9", "tanh", "linear 4"}, "cpu"}, {1, 2, 3, 4, 5, 6, 7, 1, 2, 7, 7, 3});
}

TEST_CASE("batched: who takes it, and who is refused by name", "[batched]") {
  const Dataset image = toy_data({.rows = rows, .shape = {2, 11, 9}});
  const auto message = [&](const ModelChoice& model) {
    try {
      make_engine(model, image, "batched", "cpu", Dtype::float32);
      return std::string("accepted");
    } catch (const OptionError& error) {
      CHECK(error.option == "trainer");
      return error.message;
    }
  };
  CHECK(message(model_of({"residual(batchnorm)", "flatten", "linear 4"})) ==
        "the batched trainer has no 'batchnorm'");
  ModelChoice script, quadratic;
  script.torchscript.text = "model.pt";
  quadratic.quadratic = true;
  CHECK(message(script) == "the batched trainer does not take TorchScript");
  CHECK(message(quadratic) == "quadratic functions are stepped in closed form");
  CHECK(make_engine(model_of({"flatten", "linear 4"}), image, "auto", "cpu", Dtype::float32)->trainer() ==
        "compiled");
}
