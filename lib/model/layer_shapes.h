// What a layer makes of a shape, and the parameters it needs.
#pragma once

#include <string>

#include "model/network.h"

namespace fedsim {

/// Sets in, out and parameters of `layer` (of its body and shortcut too), and appends to network.parameters.
/// `path`: the prefix of its parameters' names, "3" or "3.body.0"; `where` names it in messages.
/// Throws OptionError("layers", ...) with the layer, the shape it got and what would fit.
void place_layer(Layer& layer, const Shape& in, const std::string& path, const std::string& where, const Dataset& data,
                 Network& network);

}  // namespace fedsim
