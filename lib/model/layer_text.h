// The text of a layer, "conv 32 5 same", as numbers. Shapes are not looked at here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/network.h"

namespace fedsim {

/// Splits at `separator` outside parentheses and trims the parts: "a(b, c), d" -> "a(b, c)", "d".
std::vector<std::string> split_layers(std::string_view text, char separator);

/// One layer with everything that stands in its text; in, out and parameters are empty, `body` and `shortcut` of a
/// residual block are filled. `where` names the layer in messages: "layer 3". Throws OptionError("layers", ...).
Layer parse_layer(const std::string& text, const std::string& where);

/// The ways to write a layer of this kind: "conv FILTERS KERNEL [same|valid] ...".
std::string layer_syntax(LayerKind kind);

}  // namespace fedsim
