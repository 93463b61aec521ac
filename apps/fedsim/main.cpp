// fedsim: federated-learning experiments in one binary. Errors are caught here, once.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <new>

#include "commands.h"
#include "core/error.h"
#include "run/stop.h"
#include "version.h"

namespace {

int report(fedsim::Exit exit, const std::string& message) {
  fmt::print(stderr, "{}{}\n", message.find("error: ") == std::string::npos ? "error: " : "", message);
  return static_cast<int>(exit);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace fedsim;
  try {
    install_signal_handlers();
    int exit_code = 0;
    CLI::App app("Federated-learning experiments: exact, fast, one binary.", "fedsim");
    app.set_version_flag("--version", app::version_text());
    app.require_subcommand(1);
    app.footer("Examples:\n  fedsim run configs/quickstart.toml\n  fedsim list algorithms\n  fedsim COMMAND --help");
    for (const auto add : {app::add_run, app::add_check, app::add_config, app::add_list, app::add_partition,
                           app::add_show, app::add_compare, app::add_plot, app::add_export, app::add_completion})
      add(app, exit_code);
    try {
      app.parse(argc, argv);
    } catch (const CLI::Success& help) {  // --help, --version
      return app.exit(help);
    } catch (const CLI::ParseError& error) {
      app.exit(error);  // prints; CLI11's own codes are not ours
      return static_cast<int>(Exit::config);
    }
    return exit_code;
  } catch (const Error& error) {
    return report(error.exit(), error.what());
  } catch (const OptionError& error) {
    return report(Exit::config, fmt::format("{}: {}", error.option, error.message));
  } catch (const std::bad_alloc&) {
    return report(Exit::output, "out of memory; a smaller client.batch_size, fewer threads or a smaller model needs less");
  } catch (const std::exception& error) {
    return report(Exit::internal, fmt::format("internal error: {}", error.what()));
  }
}
