#include "core/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/error.h"

namespace fedsim {
namespace {

/// A descriptor that is closed at the end; the close of a written file is checked.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags) : number_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }
  bool close() { return ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

[[noreturn]] void fail(const char* what, const std::filesystem::path& path) {
  throw OutputError(fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(errno)));
}

void sync_folder_of(const std::filesystem::path& path) {
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  Descriptor descriptor(folder, O_RDONLY | O_DIRECTORY);
  if (descriptor.number() < 0) fail("open the folder", folder);
  // Some network file systems refuse to sync a folder; the rename itself has succeeded.
  if (::fsync(descriptor.number()) != 0 && errno != EINVAL && errno != EROFS) fail("sync the folder", folder);
}

}  // namespace

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void write_file_synced(const std::filesystem::path& path, std::string_view bytes) {
  Descriptor descriptor(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
  if (descriptor.number() < 0) fail("create", path);
  if (!write_all(descriptor.number(), bytes)) fail("write", path);
  if (::fsync(descriptor.number()) != 0) fail("sync", path);
  if (!descriptor.close()) fail("close", path);
}

void rename_synced(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail("rename to", to);
  sync_folder_of(to);
}

std::string read_file(const std::filesystem::path& path) {
  Descriptor descriptor(path, O_RDONLY);
  if (descriptor.number() < 0) throw DataError(fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
  std::string bytes;
  char block[1 << 16];
  for (;;) {
    const ssize_t got = ::read(descriptor.number(), block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw DataError(fmt::format("cannot read {}: {}", path.string(), std::strerror(errno)));
    if (got == 0) return bytes;
    bytes.append(block, static_cast<std::size_t>(got));
  }
}

}  // namespace fedsim
