#include "core/options.h"

#include <fmt/format.h>

#include <cmath>

#include "core/text.h"

namespace fedsim {

bool Range::contains(double value) const {
  if (!std::isfinite(value)) return false;
  return (open_low ? value > low : value >= low) && (open_high ? value < high : value <= high);
}

std::string Range::to_string() const {
  const bool lower = std::isfinite(low), upper = std::isfinite(high);
  if (lower && upper) return fmt::format("in {}{}, {}{}", open_low ? "(" : "[", low, high, open_high ? ")" : "]");
  if (lower) return fmt::format("{} {}", open_low ? ">" : ">=", low);
  if (upper) return fmt::format("{} {}", open_high ? "<" : "<=", high);
  return "any number";
}

void Describer::operator()(std::string_view name, double& value, Range allowed, std::string_view help) {
  infos.push_back({std::string(name), "float", shortest(value), allowed.to_string(), std::string(help)});
}

void Describer::operator()(std::string_view name, std::int64_t& value, Range allowed, std::string_view help) {
  infos.push_back({std::string(name), "integer", fmt::format("{}", value), allowed.to_string(), std::string(help)});
}

void Describer::operator()(std::string_view name, bool& value, std::string_view help) {
  infos.push_back({std::string(name), "boolean", value ? "true" : "false", "true or false", std::string(help)});
}

void Describer::operator()(std::string_view name, std::string& value, const Choices& allowed, std::string_view help) {
  infos.push_back({std::string(name), "string", fmt::format("\"{}\"", value),
                   allowed.empty() ? std::string("any text") : list_of(allowed), std::string(help)});
}

void Describer::operator()(std::string_view name, Path& value, std::string_view help) {
  infos.push_back({std::string(name), "path", value.empty() ? std::string("none") : fmt::format("\"{}\"", value.text),
                   "relative to the config", std::string(help)});
}

void Describer::operator()(std::string_view name, Bytes& value, std::string_view help) {
  infos.push_back({std::string(name), "bytes", value.given() ? fmt::format("{}", value.count) : std::string("none"),
                   "0 or more, or text like \"512MiB\"", std::string(help)});
}

void Describer::operator()(std::string_view name, std::vector<std::string>& value, std::string_view help) {
  infos.push_back({std::string(name), "list of strings", fmt::format("[{}]", fmt::join(value, ", ")), "",
                   std::string(help)});
}

void Describer::operator()(std::string_view name, std::vector<double>& value, Range allowed, std::string_view help) {
  infos.push_back({std::string(name), "list of floats", fmt::format("[{}]", fmt::join(value, ", ")),
                   allowed.to_string(), std::string(help)});
}

void Describer::operator()(std::string_view name, std::optional<double>& value, Range allowed, std::string_view help) {
  infos.push_back({std::string(name), "float", value ? shortest(*value) : std::string("none"), allowed.to_string(),
                   std::string(help)});
}

void Describer::operator()(std::string_view name, std::optional<std::int64_t>& value, Range allowed,
                           std::string_view help) {
  infos.push_back({std::string(name), "integer", value ? fmt::format("{}", *value) : std::string("none"),
                   allowed.to_string(), std::string(help)});
}

}  // namespace fedsim
