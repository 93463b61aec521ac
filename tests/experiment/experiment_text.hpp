// Experiments from the text of a config.
#pragma once

#include "config/config_text.hpp"
#include "experiment/experiment.h"

namespace fedsim::test {

inline const std::string smallest = "[data]\ndataset = \"mnist\"\n[model]\nname = \"2nn\"\n";

inline Experiment experiment_of(const std::string& text, const std::vector<std::string>& sets = {}) {
  const TemporaryFolder folder;
  // Resolved texts have the absolute paths of another folder.
  return read_experiment(write_text(folder / "exp.toml", text), sets, Outside::allowed);
}

inline std::vector<Diagnostic> errors_of(const std::string& text, const std::vector<std::string>& sets = {}) {
  return complaints_of([&] { experiment_of(text, sets); });
}

}  // namespace fedsim::test
