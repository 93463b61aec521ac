// NAME.jsonl: one JSON object a round, written as the run goes, for tail -f and for tools that can't wait.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "record/result_writer.h"

namespace fedsim {

/// {"round": 1, "test_accuracy": 0.5, ...} without a newline; a value that is not finite is null.
std::string to_json(const RoundRow& row);

class LiveLog {
 public:
  explicit LiveLog(const std::filesystem::path& path);  // replaces what is there; throws OutputError
  LiveLog(const LiveLog&) = delete;
  LiveLog& operator=(const LiveLog&) = delete;
  ~LiveLog();
  void add(std::span<const RoundRow> rows);  // are in the kernel's hands when it returns; throws OutputError

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace fedsim
