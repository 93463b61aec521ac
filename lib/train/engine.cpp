#include "train/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "core/error.h"
#include "model/network.h"
#include "train/compiled/compiled.h"
#include "train/quadratic.h"
#include "train/torch_library.h"

namespace fedsim {
namespace {

/// As resolve_device; LibTorch is asked only where there may be a GPU, or where one is asked for.
std::string device_of(const std::string& wanted) {
  const bool cpu = wanted == "cpu" || (wanted == "auto" && !nvidia_driver_present());
  return cpu ? "cpu" : torch_library().resolve_device(wanted);
}

std::unique_ptr<Engine> quadratic_engine(const ModelChoice& model, const Dataset& data, Dtype dtype) {
  if (!model.quadratic)
    throw OptionError{"name", fmt::format("{} holds functions, not samples: no network can train on it", data.name),
                      "name = \"quadratic\""};
  if (!data.quadratic)
    throw OptionError{"name", fmt::format("'quadratic' has no meaning for the samples of {}", data.name),
                      "data.dataset = \"quadratic\", or another model"};
  return make_quadratic_engine(data, dtype);
}

/// "auto": the faster trainer of the device, compiled kernels on the CPU and whole cohorts on a GPU, where it accepts
/// the layers; else autograd.
std::unique_ptr<Engine> layer_list_engine(Network network, const Dataset& data, const std::string& trainer,
                                          const std::string& where, Dtype dtype) {
  const bool any = trainer == "auto", cpu = where == "cpu";
  std::unique_ptr<Engine> engine;
  std::string why_not;
  if (trainer == "compiled" || (any && cpu)) engine = make_compiled_engine(network, data, dtype, why_not);
  if (trainer == "batched" || (any && !cpu)) engine = torch_library().batched_engine(network, where, dtype, why_not);
  if (engine) return engine;
  if (!any && trainer != "autograd") throw OptionError{"trainer", why_not, "trainer = \"auto\" or \"autograd\""};
  return torch_library().autograd_engine(std::move(network), where, dtype);
}

}  // namespace

std::unique_ptr<Engine> make_engine(const ModelChoice& model, const Dataset& data, const std::string& trainer,
                                    const std::string& device, Dtype dtype) {
  const std::array<std::string_view, 4> known{"auto", "autograd", "compiled", "batched"};
  if (std::find(known.begin(), known.end(), trainer) == known.end())
    throw OptionError{"trainer", fmt::format("there is no trainer '{}'", trainer), "auto, autograd, compiled or batched"};
  const bool compiled = trainer == "compiled", batched = trainer == "batched";
  if (model.quadratic || data.quadratic) {
    if (compiled || batched)
      throw OptionError{"trainer", "quadratic functions are stepped in closed form", "trainer = \"auto\""};
    if (device != "auto" && device_of(device) != "cpu")
      throw OptionError{"device", "quadratic functions are stepped on the CPU", "device = \"cpu\""};
    return quadratic_engine(model, data, dtype);
  }
  const std::string where = compiled && device == "auto" ? "cpu" : device_of(device);
  if (compiled && where != "cpu")
    throw OptionError{"trainer", fmt::format("the compiled trainer runs on the CPU, not on {}", where),
                      "device = \"cpu\", or trainer = \"batched\" or \"autograd\""};
  if (!model.torchscript.empty()) {
    if (compiled || batched)
      throw OptionError{"trainer", fmt::format("the {} trainer does not take TorchScript", trainer),
                        "trainer = \"autograd\""};
    return torch_library().torchscript_engine(model.torchscript.text, data, where, dtype);
  }
  return layer_list_engine(build_network(model.layers, data), data, trainer, where, dtype);
}

}  // namespace fedsim
