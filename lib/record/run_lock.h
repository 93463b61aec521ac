// One run a result file: flock on NAME.lock, with who holds it written inside.
#pragma once

#include <filesystem>

namespace fedsim {

class RunLock {
 public:
  /// Throws OutputError: held (by which process, where, since when), or the folder is missing or not
  /// writable.
  explicit RunLock(const std::filesystem::path& path);
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;
  ~RunLock();  // removes the file

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace fedsim
