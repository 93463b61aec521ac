#include "record/run_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "core/error.h"
#include "record/system.h"

namespace fedsim {
namespace {

// "process 123 on host a since ...", as the holder wrote it: a moment after it took the lock.
std::string holder(int descriptor) {
  for (int tries = 0; tries < 50; ++tries) {
    std::array<char, 512> text{};
    const auto bytes = ::pread(descriptor, text.data(), text.size() - 1, 0);
    std::string who(text.data(), bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
    if (who.ends_with('\n')) return who.substr(0, who.size() - 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return "another run";
}

// The holder before us may have removed the file between our open and our lock.
bool still_named(int descriptor, const std::filesystem::path& path) {
  struct stat ours {
  }, named{};
  return ::fstat(descriptor, &ours) == 0 && ::stat(path.c_str(), &named) == 0 &&
         ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

int open_locked(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (descriptor < 0)
    throw OutputError(
        fmt::format("{}: can't create the lock of this run: {}", path.string(), std::strerror(errno)));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return descriptor;
  const int reason = errno;
  const std::string who = holder(descriptor);
  ::close(descriptor);
  if (reason == EWOULDBLOCK)
    throw OutputError(
        fmt::format("{}: this result is being written by {}\n"
                    "  help: wait for it, or name another file with -o",
                    path.string(), who));
  throw OutputError(
      fmt::format("{}: can't lock it ({}); this file system may not know locks: write to a local disk",
                  path.string(), std::strerror(reason)));
}

}  // namespace

RunLock::RunLock(const std::filesystem::path& path) : path_(path) {
  while (descriptor_ < 0) {
    const int descriptor = open_locked(path_);
    if (still_named(descriptor, path_))
      descriptor_ = descriptor;
    else
      ::close(descriptor);
  }
  const std::string text = fmt::format("process {} on {} since {}\n", ::getpid(), host_name(), utc_now());
  if (::ftruncate(descriptor_, 0) == 0 &&
      ::pwrite(descriptor_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()))
    return;
  const int reason = errno;
  ::unlink(path_.c_str());
  ::close(descriptor_);
  throw OutputError(fmt::format("{}: can't write it: {}", path_.string(), std::strerror(reason)));
}

RunLock::~RunLock() {
  ::unlink(path_.c_str());  // first, while nobody else can hold it
  ::close(descriptor_);
}

}  // namespace fedsim
