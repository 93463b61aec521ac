#include "catch.hpp"
#include "core/options.h"
#include "model/network.h"

using namespace fedsim;

namespace {

/// The parameters of a template with its default options.
std::int64_t count(const std::string& name, Shape shape, std::int64_t classes, std::int64_t targets = 1,
                   std::int64_t vocabulary = 0) {
  const auto* entry = Registry<ModelTemplate>::find(name);
  REQUIRE(entry != nullptr);
  Describer defaults;  // visits without changing anything
  Dataset data;
  data.sample_shape = std::move(shape);
  data.classes = classes;
  data.targets = targets;
  data.vocabulary = vocabulary;
  return build_network(entry->make(defaults)->layers(data), data).size;
}

}  // namespace

TEST_CASE("the shipped models have the papers' numbers of parameters") {
  CHECK(count("logistic", {1, 28, 28}, 10) == 7850);   // 784 * 10 + 10
  CHECK(count("logistic", {60}, 10) == 610);
  CHECK(count("2nn", {1, 28, 28}, 10) == 199210);      // McMahan et al.: 784*200+200 + 200*200+200 + 200*10+10
  CHECK(count("cnn", {1, 28, 28}, 10) == 1663370);     // McMahan et al.
  CHECK(count("lenet5", {1, 28, 28}, 10) == 44426);    // NIID-Bench
  CHECK(count("lenet5", {3, 32, 32}, 10) == 62006);
  CHECK(count("resnet18-gn", {3, 32, 32}, 10) == 11173962);  // torchvision's with a 3x3 stem and 10 classes
  // Shakespeare, 90 characters: embedding 720; LSTM 4*256*(8+256+2) + 4*256*(256+256+2); output 256*90+90.
  CHECK(count("char-lstm", {80}, 90, 1, 90) == 720 + 272384 + 526336 + 23130);
  CHECK(count("char-lstm", {80}, 90, 80, 90) == 720 + 272384 + 526336 + 23130);
}
