// fedsim: federated-learning experiments in one binary. Errors are caught here, once.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <system_error>

#include "commands.h"
#include "core/error.h"
#include "core/memory.h"
#include "run/stop.h"
#include "version.h"

namespace {

/// Never throws: stderr may be the pipe that broke, memory what there is none of.
int report(fedsim::Exit exit, const char* message) noexcept {
  if (std::strstr(message, "error: ") == nullptr) std::fputs("error: ", stderr);
  std::fputs(message, stderr);
  std::fputs("\n", stderr);
  return static_cast<int>(exit);
}

constexpr const char* no_memory =
    "out of memory; a smaller client.batch_size, fewer threads or a smaller model needs less";

/// An exception that nobody can catch, of a thread say: no abort where memory was all that was missing.
[[noreturn]] void give_up() {
  if (const auto thrown = std::current_exception()) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::bad_alloc&) {
      _exit(report(fedsim::Exit::output, no_memory));
    } catch (const std::exception& error) {
      _exit(report(fedsim::Exit::internal, error.what()));
    } catch (...) {
    }
  }
  _exit(report(fedsim::Exit::internal, "internal error: an exception of an unknown type"));
}

/// What was printed is where it should go, or the exit code says that it is not.
int flushed(int exit_code) {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  const std::string why =
      errno != 0 ? fmt::format(": {}", std::strerror(errno)) : "";  // told by an earlier write else
  return report(fedsim::Exit::output, fmt::format("can't write to the standard output{}", why).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  using namespace fedsim;
  try {
    keep_freed_memory();
    std::set_terminate(give_up);
    install_signal_handlers();
    int exit_code = 0;
    CLI::App app("Federated-learning experiments: exact, fast, one binary.", "fedsim");
    app.set_version_flag("--version", app::version_text());
    app.require_subcommand(1);
    app.footer(
        "Examples:\n  fedsim run configs/quickstart.toml\n  fedsim list algorithms\n  fedsim COMMAND --help");
    for (const auto add :
         {app::add_run, app::add_check, app::add_config, app::add_list, app::add_partition, app::add_show,
          app::add_compare, app::add_plot, app::add_export, app::add_completion})
      add(app, exit_code);
    try {
      app.parse(argc, argv);
    } catch (const CLI::Success& help) {  // --help, --version
      return flushed(app.exit(help));
    } catch (const CLI::ParseError& error) {
      std::fputs("error: ", stderr);
      app.exit(error);  // prints; CLI11's own codes are not ours
      return static_cast<int>(Exit::config);
    }
    return flushed(exit_code);
  } catch (const Error& error) {
    return report(error.exit(), error.what());
  } catch (const OptionError& error) {
    return report(Exit::config, fmt::format("{}: {}", error.option, error.message).c_str());
  } catch (const std::bad_alloc&) {
    return report(Exit::output, no_memory);
  } catch (const std::system_error&
               error) {  // fmt::print to a pipe that nobody reads, a thread that can't be made
    return report(Exit::output, error.what());
  } catch (const std::exception& error) {
    return report(Exit::internal, fmt::format("internal error: {}", error.what()).c_str());
  }
}
