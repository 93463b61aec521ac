#include "record/system.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "core/error.h"

namespace fedsim {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  if (::gmtime_r(&now, &parts) == nullptr) return "unknown";
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::filesystem::path folder_of(const std::filesystem::path& file) {
  const auto folder = file.parent_path();
  return folder.empty() ? "." : folder;
}

std::filesystem::path beside(const std::filesystem::path& result, const std::string& extension) {
  auto path = result;
  if (path.extension() == ".h5" || path.extension() == ".hdf5") return path.replace_extension(extension);
  return path += extension;
}

void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int opened = errno;
  const bool failed = descriptor < 0 || (::fsync(descriptor) != 0 && errno != EINVAL && errno != ENOTSUP);
  const int reason = descriptor < 0 ? opened : errno;
  if (descriptor >= 0) ::close(descriptor);
  if (failed)
    throw OutputError(fmt::format("{}: can't sync the folder: {}", folder.string(), std::strerror(reason)));
}

}  // namespace fedsim
