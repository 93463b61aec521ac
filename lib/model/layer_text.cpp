#include "model/layer_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

#include "core/error.h"

namespace fedsim {
namespace {

/// What may follow a layer's name.
struct Form {
  std::string_view name;
  LayerKind kind;
  int min_numbers, max_numbers;
  std::string_view words;  // of "same", "valid", "nobias", "stride=", "pad=", each followed by a blank
  std::string_view syntax;
};

constexpr Form forms[] = {
    {"conv", LayerKind::conv, 2, 2, "same valid nobias stride= pad= ",
     "conv FILTERS KERNEL [same|valid] [stride=S] [pad=P] [nobias]"},
    {"maxpool", LayerKind::maxpool, 1, 3, "stride= pad= ", "maxpool KERNEL [STRIDE [PAD]]"},
    {"avgpool", LayerKind::avgpool, 1, 3, "stride= pad= ", "avgpool KERNEL [STRIDE [PAD]]"},
    {"globalpool", LayerKind::globalpool, 0, 0, "", "globalpool"},
    {"flatten", LayerKind::flatten, 0, 0, "", "flatten"},
    {"linear", LayerKind::linear, 1, 1, "nobias ", "linear UNITS [nobias]"},
    {"relu", LayerKind::relu, 0, 0, "", "relu"},
    {"gelu", LayerKind::gelu, 0, 0, "", "gelu"},
    {"tanh", LayerKind::tanh, 0, 0, "", "tanh"},
    {"dropout", LayerKind::dropout, 1, 1, "", "dropout RATE"},
    {"groupnorm", LayerKind::groupnorm, 1, 1, "", "groupnorm GROUPS"},
    {"batchnorm", LayerKind::batchnorm, 0, 0, "", "batchnorm"},
    {"layernorm", LayerKind::layernorm, 0, 0, "", "layernorm"},
    {"embedding", LayerKind::embedding, 1, 2, "", "embedding [VOCABULARY] WIDTH"},
    {"lstm", LayerKind::lstm, 1, 2, "", "lstm HIDDEN [LAYERS]"},
    {"last", LayerKind::last, 0, 0, "", "last"},
    {"residual", LayerKind::residual, 0, 0, "", "residual(LAYER, LAYER, ... [| LAYER, ...])"},
};

[[noreturn]] void fail(const std::string& where, const std::string& text, const std::string& message,
                       const std::string& help) {
  throw OptionError{"layers", fmt::format("{} \"{}\": {}", where, text, message), help};
}

const Form& form_of(LayerKind kind) {
  return *std::find_if(std::begin(forms), std::end(forms), [&](const Form& form) { return form.kind == kind; });
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\n") - first + 1));
}

std::optional<double> number(std::string_view word) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

/// A whole number within limits that keep every product of sizes far from overflow.
std::int64_t whole(const std::string& where, const std::string& text, std::string_view word, std::int64_t low) {
  const auto value = number(word);
  constexpr double high = 1 << 24;
  if (!value || *value != static_cast<double>(static_cast<std::int64_t>(std::clamp(*value, -1.0, high))) ||
      *value < static_cast<double>(low) || *value > high)
    fail(where, text, fmt::format("'{}' must be a whole number from {} to {}", word, low, 1 << 24), "");
  return static_cast<std::int64_t>(*value);
}

const Form& find_form(const std::string& where, const std::string& text, const std::string& name) {
  for (const auto& form : forms)
    if (form.name == name) return form;
  std::vector<std::string> names;
  for (const auto& form : forms) names.emplace_back(form.name);
  const std::string near = nearest(name, names);
  fail(where, text, fmt::format("there is no layer '{}'", name),
       near.empty() ? fmt::format("layers are {}", fmt::join(names, ", ")) : fmt::format("did you mean '{}'?", near));
}

Layer parse_residual(const std::string& text, const std::string& where) {
  const auto open = text.find('('), close = text.rfind(')');
  const std::string syntax = fmt::format("write {}", form_of(LayerKind::residual).syntax);
  if (open == std::string::npos || close != text.size() - 1)
    fail(where, text, "the block's layers must stand in parentheses", syntax);
  const auto paths = split_layers(std::string_view(text).substr(open + 1, close - open - 1), '|');
  if (paths.size() > 2) fail(where, text, "a block has one body and at most one shortcut", syntax);
  Layer layer{.kind = LayerKind::residual, .text = text};
  for (std::size_t path = 0; path < paths.size(); ++path) {
    if (paths[path].empty() && path == 1) continue;
    auto& layers = path == 0 ? layer.body : layer.shortcut;
    int index = 1;
    for (const auto& part : split_layers(paths[path], ','))
      layers.push_back(parse_layer(part, fmt::format("{}, {} {}", where, path == 0 ? "body" : "shortcut", index++)));
  }
  return layer;
}

/// "same", "nobias", "stride=2": the words after the numbers.
void read_word(Layer& layer, const Form& form, const std::string& word, const std::string& where, bool& same) {
  const auto equals = word.find('=');
  const std::string key = equals == std::string::npos ? word : word.substr(0, equals + 1);
  if (form.words.find(fmt::format("{} ", key)) == std::string_view::npos)
    fail(where, layer.text, fmt::format("'{}' does not belong here", word), fmt::format("write {}", form.syntax));
  if (key == "stride=") layer.stride = whole(where, layer.text, word.substr(equals + 1), 1);
  if (key == "pad=") layer.padding = whole(where, layer.text, word.substr(equals + 1), 0);
  if (key == "nobias") layer.bias = false;
  if (key == "same") same = true;
}

void place_numbers(Layer& layer, const std::vector<std::string>& numbers, const std::string& where) {
  const auto at = [&](std::size_t i, std::int64_t low) { return whole(where, layer.text, numbers[i], low); };
  switch (layer.kind) {
    case LayerKind::conv:
      layer.size = at(0, 1);
      layer.kernel = at(1, 1);
      break;
    case LayerKind::maxpool:
    case LayerKind::avgpool:
      layer.kernel = at(0, 1);
      layer.stride = numbers.size() > 1 ? at(1, 1) : layer.kernel;
      layer.padding = numbers.size() > 2 ? at(2, 0) : 0;
      break;
    case LayerKind::dropout:
      layer.rate = number(numbers[0]).value_or(-1);
      if (!(layer.rate >= 0 && layer.rate < 1))
        fail(where, layer.text, fmt::format("the rate must be in [0, 1), got {}", numbers[0]), "");
      break;
    case LayerKind::embedding:
      layer.size = numbers.size() > 1 ? at(0, 1) : 0;  // 0: the data's vocabulary
      layer.width = at(numbers.size() - 1, 1);
      break;
    case LayerKind::lstm:
      layer.size = at(0, 1);
      layer.width = numbers.size() > 1 ? at(1, 1) : 1;
      break;
    case LayerKind::linear:
    case LayerKind::groupnorm:
      layer.size = at(0, 1);
      break;
    default:
      break;
  }
}

}  // namespace

std::vector<std::string> split_layers(std::string_view text, char separator) {
  std::vector<std::string> parts;
  int depth = 0;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')') --depth;
    if (text[i] != separator || depth != 0) continue;
    parts.push_back(trimmed(text.substr(start, i - start)));
    start = i + 1;
  }
  parts.push_back(trimmed(text.substr(start)));
  return parts;
}

std::string layer_syntax(LayerKind kind) { return std::string(form_of(kind).syntax); }

Layer parse_layer(const std::string& written, const std::string& where) {
  const std::string text = trimmed(written);
  if (text.empty()) fail(where, text, "is empty", "leave it out, or name a layer");
  const std::string name = text.substr(0, text.find_first_of(" \t("));
  const Form& form = find_form(where, text, name);
  if (form.kind == LayerKind::residual) return parse_residual(text, where);

  Layer layer{.kind = form.kind, .text = text};
  std::vector<std::string> numbers, words;
  std::istringstream stream(text.substr(name.size()));
  for (std::string word; stream >> word;) (number(word) ? numbers : words).push_back(word);
  const int count = static_cast<int>(numbers.size());
  if (count < form.min_numbers || count > form.max_numbers)
    fail(where, text, fmt::format("takes {} number{}, got {}",
                                  form.min_numbers == form.max_numbers
                                      ? fmt::format("{}", form.min_numbers)
                                      : fmt::format("{} to {}", form.min_numbers, form.max_numbers),
                                  form.max_numbers == 1 ? "" : "s", count),
         fmt::format("write {}", form.syntax));
  place_numbers(layer, numbers, where);
  bool same = false;
  for (const auto& word : words) read_word(layer, form, word, where, same);
  if (same) {
    if (layer.stride != 1 || layer.kernel % 2 == 0)
      fail(where, text, "'same' needs an odd kernel and stride 1", "write pad=P instead");
    layer.padding = layer.kernel / 2;
  }
  return layer;
}

}  // namespace fedsim
