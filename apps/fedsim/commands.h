// One function a sub-command, one file each. The callback does the work and sets `exit_code`; errors are thrown and
// caught once, in main.
#pragma once

#include <CLI/CLI.hpp>

#include "config/tree.h"

namespace fedsim::app {

/// --allow-outside, of every command that reads configs.
inline void add_allow_outside(CLI::App& command, Outside& outside) {
  command.add_flag_callback("--allow-outside", [&outside] { outside = Outside::allowed; },
                            "accept paths in the config that lead out of its folder tree");
}

void add_run(CLI::App& app, int& exit_code);
void add_check(CLI::App& app, int& exit_code);
void add_config(CLI::App& app, int& exit_code);
void add_list(CLI::App& app, int& exit_code);
void add_partition(CLI::App& app, int& exit_code);
void add_show(CLI::App& app, int& exit_code);
void add_compare(CLI::App& app, int& exit_code);
void add_plot(CLI::App& app, int& exit_code);
void add_export(CLI::App& app, int& exit_code);
void add_completion(CLI::App& app, int& exit_code);

}  // namespace fedsim::app
