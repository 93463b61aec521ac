#include "core/hdf5/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/hdf5/api.h"

namespace fedsim::hdf5 {
namespace {

namespace fs = std::filesystem;

// The size of a regular file; a folder, FIFO or device would hang or mislead HDF5.
std::uint64_t size_of_regular(const fs::path& path, const Origin& origin) {
  std::error_code problem;
  const auto status = fs::status(path, problem);
  if (status.type() == fs::file_type::not_found)
    throw Error(origin.exit, fmt::format("{}: no such file", origin.path));
  if (problem) throw Error(origin.exit, fmt::format("{}: {}", origin.path, problem.message()));
  if (status.type() == fs::file_type::directory)
    throw Error(origin.exit, fmt::format("{}: is a folder, expected an HDF5 file", origin.path));
  if (status.type() != fs::file_type::regular)
    throw Error(origin.exit, fmt::format("{}: is not a regular file, expected an HDF5 file", origin.path));
  const auto bytes = fs::file_size(path, problem);
  if (problem) throw Error(origin.exit, fmt::format("{}: {}", origin.path, problem.message()));
  return bytes;
}

// Objects that are still open keep a closed file locked; H5F_CLOSE_STRONG closes them with it.
Handle access_list(const Origin& origin) {
  Handle list(check(H5Pcreate(H5P_FILE_ACCESS), origin, "", "set up HDF5"), close_list);
  check(H5Pset_fclose_degree(list.get(), H5F_CLOSE_STRONG), origin, "", "set up HDF5");
  check(H5Pset_alignment(list.get(), 512, 4096), origin, "", "set up HDF5");
  return list;
}

// A flush goes through every chunk that a dataset's cache holds, in HDF5's default 256 pages of a table, of which
// only the last few have changed.
Handle access_list_to_write(const Origin& origin) {
  constexpr std::size_t slots = 521, bytes = std::size_t{1} << 17;  // of each dataset
  Handle list = access_list(origin);
  check(H5Pset_cache(list.get(), 0, slots, bytes, 0.75), origin, "", "set up HDF5");
  return list;
}

[[noreturn]] void fail_to_open(const Origin& origin, int reason) {
  if (reason == EAGAIN || last_reason().find("temporarily unavailable") != std::string::npos)
    throw Error(origin.exit,
                fmt::format("{}: another program is writing to it (HDF5's file lock is held)", origin.path));
  if (reason == EACCES) throw Error(origin.exit, fmt::format("{}: permission denied", origin.path));
  fail(origin, "", "open it as HDF5 (truncated, or not an HDF5 file)");
}

}  // namespace

File File::open(const fs::path& path, Exit exit) {
  prepare_thread();
  auto origin = std::make_shared<Origin>(Origin{path.string(), exit, 0});
  origin->bytes = std::max<std::uint64_t>(size_of_regular(path, *origin), 1);
  const auto list = access_list(*origin);
  errno = 0;
  Handle id(H5Fopen(path.c_str(), H5F_ACC_RDONLY, list.get()), close_file);
  if (id.get() < 0) fail_to_open(*origin, errno);
  return File(std::move(id), std::move(origin));
}

File File::open_to_write(const fs::path& path) {
  prepare_thread();
  auto origin = std::make_shared<Origin>(Origin{path.string(), Exit::output, 0});
  size_of_regular(path, *origin);
  const auto list = access_list_to_write(*origin);
  errno = 0;
  Handle id(H5Fopen(path.c_str(), H5F_ACC_RDWR, list.get()), close_file);
  if (id.get() < 0) fail_to_open(*origin, errno);
  return File(std::move(id), std::move(origin));
}

File File::create(const fs::path& path) {
  prepare_thread();
  auto origin = std::make_shared<Origin>(Origin{path.string(), Exit::output, 0});
  const auto list = access_list_to_write(*origin);
  Handle id(check(H5Fcreate(path.c_str(), H5F_ACC_EXCL, H5P_DEFAULT, list.get()), *origin, "", "create it"),
            close_file);
  return File(std::move(id), std::move(origin));
}

File::~File() = default;

Group File::root() const {
  prepare_thread();
  Handle id(check(H5Gopen2(id_.get(), "/", H5P_DEFAULT), *origin_, "/", "open it"), close_group);
  return Group(std::move(id), "/", origin_);
}

void File::flush() {
  prepare_thread();
  check(H5Fflush(id_.get(), H5F_SCOPE_LOCAL), *origin_, "", "write to it");
}

int File::descriptor() const {
  void* handle = nullptr;
  check(H5Fget_vfd_handle(id_.get(), H5P_DEFAULT, &handle), *origin_, "", "find its descriptor");
  if (handle == nullptr) fail(*origin_, "", "find its descriptor");
  return *static_cast<int*>(handle);
}

void File::sync() {
  flush();
  if (::fsync(descriptor()) != 0)
    throw Error(origin_->exit,
                fmt::format("{}: can't sync it to the disk: {}", origin_->path, std::strerror(errno)));
}

void File::rename(const fs::path& to) {
  std::error_code problem;
  fs::rename(origin_->path, to, problem);
  if (problem)
    throw Error(origin_->exit,
                fmt::format("can't rename {} to {}: {}", origin_->path, to.string(), problem.message()));
  origin_->path = to.string();
}

void File::abandon() {
  if (!open()) return;
  // H5Fclose would write what it still holds, the superblock with a size that the file does not have
  // included. Let it write to nowhere: to memory, as it sets the length too, and a close that fails leaves an
  // identifier of memory that is gone.
  int nowhere = ::memfd_create("fedsim-abandoned", MFD_CLOEXEC);
  if (nowhere < 0) nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nowhere >= 0) {
    ::dup2(nowhere, descriptor());
    ::close(nowhere);
  }
  id_.reset();
}

void File::close() {
  flush();
  const auto closed = H5Fclose(id_.get());
  id_.forget();  // where closing fails too, the identifier is of memory that is gone
  check(closed, *origin_, "", "close it");
}

}  // namespace fedsim::hdf5
