#include "train/engine.h"

#include <fmt/format.h>

#include "core/error.h"
#include "model/network.h"
#include "train/autograd_engine.h"
#include "train/quadratic.h"
#include "train/torch_device.h"
#include "train/torchscript_engine.h"

namespace fedsim {
namespace {

std::unique_ptr<Engine> quadratic_engine(const ModelChoice& model, const Dataset& data, Dtype dtype) {
  if (!model.quadratic)
    throw OptionError{"name", fmt::format("{} holds functions, not samples: no network can train on it", data.name),
                      "name = \"quadratic\""};
  if (!data.quadratic)
    throw OptionError{"name", fmt::format("'quadratic' has no meaning for the samples of {}", data.name),
                      "data.dataset = \"quadratic\", or another model"};
  return make_quadratic_engine(data, dtype);
}

}  // namespace

std::unique_ptr<Engine> make_engine(const ModelChoice& model, const Dataset& data, const std::string& trainer,
                                    const std::string& device, Dtype dtype) {
  if (trainer != "auto" && trainer != "autograd" && trainer != "compiled")
    throw OptionError{"trainer", fmt::format("there is no trainer '{}'", trainer), "auto, autograd or compiled"};
  if (trainer == "compiled")
    throw OptionError{"trainer", "this build has no compiled trainer", "trainer = \"auto\""};
  if (model.quadratic || data.quadratic) return quadratic_engine(model, data, dtype);
  const std::string where = resolve_device(device);
  if (!model.torchscript.empty()) return make_torchscript_engine(model.torchscript.text, data, where, dtype);
  return make_autograd_engine(build_network(model.layers, data), where, dtype);
}

}  // namespace fedsim
