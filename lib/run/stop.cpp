#include "run/stop.h"

#include <unistd.h>

#include <csignal>
#include <stdexcept>

namespace fedsim {
namespace {

volatile std::sig_atomic_t received = 0;

void on_signal(int number) {
  if (number == SIGINT && received == SIGINT) _exit(static_cast<int>(Exit::interrupted));
  received = number;
}

void handle(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  if (sigaction(number, &action, nullptr) != 0) throw std::runtime_error("sigaction failed");
}

}  // namespace

void install_signal_handlers() {
  for (const int number : {SIGINT, SIGTERM, SIGUSR1}) handle(number, on_signal);
  for (const int number : {SIGPIPE, SIGXFSZ}) handle(number, SIG_IGN);
}

std::optional<Exit> stop_requested() {
  if (received == 0) return std::nullopt;
  return received == SIGINT ? Exit::interrupted : Exit::stopped;
}

}  // namespace fedsim
