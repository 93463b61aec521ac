#include "model/layer_text.h"

#include "catch.hpp"
#include "core/error.h"

using namespace fedsim;

namespace {

std::string error_of(const std::string& text) {
  try {
    parse_layer(text, "layer 7");
  } catch (const OptionError& error) {
    return error.message + " / " + error.help;
  }
  return "no error";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a layer's numbers and words are read") {
  const Layer conv = parse_layer("  conv 32 5 stride=2 pad=1 nobias ", "layer 1");
  CHECK(conv.kind == LayerKind::conv);
  CHECK(conv.size == 32);
  CHECK(conv.kernel == 5);
  CHECK(conv.stride == 2);
  CHECK(conv.padding == 1);
  CHECK_FALSE(conv.bias);
  CHECK(parse_layer("conv 8 5 same", "").padding == 2);
  CHECK(parse_layer("conv 8 5 valid", "").padding == 0);
  CHECK(parse_layer("maxpool 2", "").stride == 2);  // a pool's stride is its kernel
  CHECK(parse_layer("maxpool 3 2 1", "").stride == 2);
  CHECK(parse_layer("maxpool 3 2 1", "").padding == 1);
  CHECK(parse_layer("dropout 0.25", "").rate == 0.25);
  CHECK(parse_layer("embedding 80 8", "").size == 80);
  CHECK(parse_layer("embedding 8", "").width == 8);
  CHECK(parse_layer("lstm 256 2", "").width == 2);
  CHECK(parse_layer("lstm 256", "").width == 1);
}

TEST_CASE("residual blocks nest and may have a shortcut") {
  const Layer block = parse_layer("residual(conv 4 3 same, relu, residual(relu, tanh | relu) | conv 4 1)", "layer 1");
  REQUIRE(block.body.size() == 3);
  CHECK(block.body[2].kind == LayerKind::residual);
  CHECK(block.body[2].body.size() == 2);
  CHECK(block.body[2].shortcut.size() == 1);
  REQUIRE(block.shortcut.size() == 1);
  CHECK(block.shortcut[0].kernel == 1);
  CHECK(parse_layer("residual(relu)", "").shortcut.empty());
}

TEST_CASE("what is wrong with a layer's text is said with the layer") {
  CHECK(has(error_of("linaer 10"), "layer 7 \"linaer 10\""));
  CHECK(has(error_of("linaer 10"), "did you mean 'linear'?"));
  CHECK(has(error_of("conv 32"), "takes 2 numbers, got 1"));
  CHECK(has(error_of("conv 32"), "conv FILTERS KERNEL"));
  CHECK(has(error_of("linear 0"), "'0' must be a whole number from 1"));
  CHECK(has(error_of("linear 2.5"), "'2.5' must be a whole number"));
  CHECK(has(error_of("linear 1e30"), "'1e30' must be a whole number"));
  CHECK(has(error_of("linear 10 same"), "'same' does not belong here"));
  CHECK(has(error_of("conv 8 4 same"), "'same' needs an odd kernel"));
  CHECK(has(error_of("conv 8 3 stride=0"), "must be a whole number from 1"));
  CHECK(has(error_of("dropout 1"), "must be in [0, 1)"));
  CHECK(has(error_of("residual(relu"), "parentheses"));
  CHECK(has(error_of("residual(relu | relu | relu)"), "at most one shortcut"));
  CHECK(has(error_of("residual(relu, lienar 3)"), "layer 7, body 2"));
  CHECK(has(error_of(""), "is empty"));
}
