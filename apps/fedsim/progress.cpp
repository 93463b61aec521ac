#include "progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <system_error>

#include "core/text.h"

namespace fedsim::app {
namespace {

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

std::string figures(const RoundRow& row) {
  std::string text;
  if (!std::isnan(row.test_accuracy)) text += fmt::format("  accuracy {:.4f}", row.test_accuracy);
  if (!std::isnan(row.test_loss)) text += fmt::format("  loss {:.4g}", row.test_loss);
  return text;
}

}  // namespace

void say_text(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stderr) == text.size() || errno == EPIPE) return;
  throw std::system_error(errno, std::generic_category(), "can't write to stderr");
}

Progress::Progress(bool quiet)
    : quiet_(quiet), terminal_(isatty(STDERR_FILENO) != 0), begin_(std::chrono::steady_clock::now()) {}

void Progress::started(const Start& start) {
  rounds_ = start.rounds;
  first_ = std::max<std::int64_t>(start.resumed_after, 0);
  begin_ = std::chrono::steady_clock::now();
  if (quiet_) return;
  say("data      {}\nclients   {}, {} a round\nmodel     {} parameters\n", start.data,
      with_commas(start.clients), with_commas(start.cohort), with_commas(start.parameters));
  say("trainer   {} on {} ({}), {} thread{}; ready in {}\n", start.trainer, start.device, start.isa,
      start.threads, start.threads == 1 ? "" : "s", human_seconds(start.seconds));
  if (start.resumed_after >= 0) say("resuming after round {}\n", start.resumed_after);
}

void Progress::warning(const std::string& text) {
  if (!quiet_) say("warning: {}\n", text);
}

void Progress::round(const RoundRow& row) {
  if (quiet_) return;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  const double rate = row.round > first_ && seconds > 0 ? static_cast<double>(row.round - first_) / seconds : 0;
  const double left = rate > 0 ? static_cast<double>(rounds_ - row.round) / rate : 0;
  if (!std::isnan(row.test_loss)) shown_ = row;
  if (terminal_)
    draw_bar(row, rate, left);
  else
    say("round {:>{}}/{}{}{}{}\n", row.round, fmt::formatted_size("{}", rounds_), rounds_, figures(row),
        std::isnan(row.train_loss) ? std::string() : fmt::format("  train {:.4g}", row.train_loss),
        row.nonfinite > 0 ? fmt::format("  {} updates not finite, dropped", row.nonfinite) : std::string());
}

void Progress::draw_bar(const RoundRow& row, double rate, double left) {
  const std::string head = fmt::format("round {}/{}", row.round, rounds_);
  std::string tail = figures(shown_);
  if (rate > 0) tail += fmt::format("  {:.3g} rounds/s  {} left", rate, human_seconds(left));
  const std::size_t used = head.size() + tail.size() + 4, width = terminal_width();
  const std::size_t room = width > used + 10 ? std::min<std::size_t>(width - used - 1, 40) : 0;
  std::string bar;
  if (room > 0) {
    const auto full = rounds_ > 0 ? room * static_cast<std::size_t>(row.round) / static_cast<std::size_t>(rounds_) : room;
    for (std::size_t i = 0; i < room; ++i) bar += i < full ? "█" : "░";
    bar = fmt::format(" {} ", bar);
  }
  say("\r\x1b[K{}{}{}", head, bar, tail);
  drawn_ = true;
}

void Progress::end() {
  if (drawn_) say("\n");
  drawn_ = false;
}

}  // namespace fedsim::app
