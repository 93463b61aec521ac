#include "run/divergence.h"

#include <fmt/format.h>

#include <cmath>

#include "data/dataset.h"

namespace fedsim {
namespace {

constexpr std::size_t longest_trail = 5;  // rounds

std::int64_t first_nonfinite(const Vec& vec) {
  for (std::size_t i = 0; i < vec.size(); ++i)
    if (!std::isfinite(vec.at(i))) return static_cast<std::int64_t>(i);
  return -1;
}

/// The tensor that holds a coordinate of the flat vector.
std::string tensor_at(const std::vector<Engine::Tensor>& tensors, std::int64_t coordinate) {
  std::int64_t end = 0;
  for (const auto& tensor : tensors)
    if (coordinate < (end += elements(tensor.shape))) return tensor.name;
  return {};
}

}  // namespace

std::int64_t first_nonfinite(const Update& update) {
  const std::int64_t found = first_nonfinite(update.sealed ? values_of(*update.sealed) : update.delta);
  return found >= 0 ? found : first_nonfinite(update.side);
}

void NormTrail::add(double norm) {
  if (std::isnan(norm)) return;
  norms_.push_back(norm);
  if (norms_.size() > longest_trail) norms_.pop_front();
}

std::string NormTrail::text() const {
  std::string result;
  for (const double norm : norms_) result += fmt::format("{}{:.3g}", result.empty() ? "" : ", ", norm);
  return result;
}

std::string divergence_message(const Divergence& divergence, const std::vector<Engine::Tensor>& tensors,
                               const NormTrail& trail) {
  std::string text = fmt::format("round {}: {} of {} updates were not finite; the first is that of client {}",
                                 divergence.round, divergence.nonfinite, divergence.chosen, divergence.client);
  if (divergence.coordinate < 0)
    text += ", whose values are too large to be summed";
  else if (const std::string tensor = tensor_at(tensors, divergence.coordinate); !tensor.empty())
    text += fmt::format(", from layer {} on", tensor);
  if (const std::string norms = trail.text(); !norms.empty())
    text += fmt::format("\n  note: norms of the mean updates before it: {}", norms);
  return text +
         "\n  help: usual causes: client.lr too large (try a tenth), client.momentum or server.lr too large, data that are "
         "not scaled; client.clip bounds the gradients";
}

}  // namespace fedsim
