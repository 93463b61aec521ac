// What a run shows: a bar on a terminal, plain lines elsewhere, nothing with --quiet. All of it on stderr.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <string_view>
#include <utility>

#include "run/run.h"

namespace fedsim::app {

/// What a run says, to stderr. A pipe that nobody reads any more is no reason to stop one: then it is silent. Other errors
/// are std::system_error.
void say_text(std::string_view text);
template <class... Args>
void say(fmt::format_string<Args...> text, Args&&... args) {
  say_text(fmt::format(text, std::forward<Args>(args)...));
}

class Progress final : public RunObserver {
 public:
  explicit Progress(bool quiet);
  void started(const Start& start) override;
  void warning(const std::string& text) override;
  void round(const RoundRow& row) override;
  /// Ends the line of the bar.
  void end();

 private:
  void draw_bar(const RoundRow& row, double rounds_per_second, double left);
  bool quiet_, terminal_, drawn_ = false;
  std::int64_t rounds_ = 0, first_ = 0;  // in all; before this process
  RoundRow shown_;  // last evaluated figures
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace fedsim::app
