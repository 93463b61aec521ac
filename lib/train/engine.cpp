#include "train/engine.h"

#include <fmt/format.h>

#include "core/error.h"
#include "model/network.h"
#include "train/autograd_engine.h"
#include "train/compiled/compiled.h"
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
  const bool compiled = trainer == "compiled";
  if (model.quadratic || data.quadratic) {
    if (compiled)
      throw OptionError{"trainer", "quadratic functions are stepped in closed form", "trainer = \"auto\""};
    if (device != "auto" && resolve_device(device) != "cpu")
      throw OptionError{"device", "quadratic functions are stepped on the CPU", "device = \"cpu\""};
    return quadratic_engine(model, data, dtype);
  }
  const std::string where = compiled && device == "auto" ? "cpu" : resolve_device(device);
  if (compiled && where != "cpu")
    throw OptionError{"trainer", fmt::format("the compiled trainer runs on the CPU, not on {}", where),
                      "device = \"cpu\", or trainer = \"autograd\""};
  if (!model.torchscript.empty()) {
    if (compiled)
      throw OptionError{"trainer", "the compiled trainer does not take TorchScript", "trainer = \"autograd\""};
    return make_torchscript_engine(model.torchscript.text, data, where, dtype);
  }
  Network network = build_network(model.layers, data);
  if (trainer != "autograd" && where == "cpu") {
    std::string why_not;
    if (auto engine = make_compiled_engine(network, data, dtype, why_not)) return engine;
    if (compiled) throw OptionError{"trainer", why_not, "trainer = \"auto\" or \"autograd\""};
  }
  return make_autograd_engine(std::move(network), where, dtype);
}

}  // namespace fedsim
