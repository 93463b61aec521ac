// Signals that ask a run to stop. The handlers only set a flag; the loop looks at it between clients.
#pragma once

#include <optional>

#include "core/error.h"

namespace fedsim {

/// SIGINT, SIGTERM and SIGUSR1 set the flag (a second SIGINT leaves at once); SIGPIPE and SIGXFSZ are ignored, so that
/// they come back as errors of the write. Call first thing in main.
void install_signal_handlers();

/// What was asked: Exit::stopped (SIGTERM, SIGUSR1) or Exit::interrupted (SIGINT).
std::optional<Exit> stop_requested();

}  // namespace fedsim
