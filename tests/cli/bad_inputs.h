// The table of bad inputs: what is put in, and what the program must answer.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cli/program.h"

namespace fedsim::test {

struct BadInput {
  int number;                // row of the table; several lines may stand for one
  std::string what;          // for the report
  std::string config;        // written as bad.toml
  int exit;
  std::vector<std::string> wanted;  // all of them in what it prints
  std::vector<std::pair<std::string, std::string>> files{};  // name and content, beside the config
  std::vector<std::string> arguments{"run", "bad.toml", "--quiet"};
  std::function<void(const TempFolder&)> prepare{};
};

constexpr int rows_of_the_table = 48;
/// Configs that are wrong in themselves (rows 1-20, 33, 41-46); data and files (21-32, 34-40, 47-48).
std::vector<BadInput> bad_configs();
std::vector<BadInput> bad_files();

/// Seven lines that are right: what is added to them begins at line 8.
extern const std::string synthetic;
/// A config of the columns a, b, label of x.csv, split by `partition`.
std::string csv_config(const std::string& partition);

}  // namespace fedsim::test
