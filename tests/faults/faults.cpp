// Preloaded (LD_PRELOAD) into fedsim by the tests: makes the Nth call that changes a folder fail, or records
// all of them.
//
//   FEDSIM_FAULT_UNDER=FOLDER   absolute; only calls on files in it count
//   FEDSIM_FAULT_AT=N           the Nth of them fails (from 1)
//   FEDSIM_FAULT_FROM=1         and so does every one after it: a disk that stays full
//   FEDSIM_FAULT_ERRNO=NAME     with ENOSPC, EIO (default), EROFS or EDQUOT
//   FEDSIM_FAULT_COUNT=FILE     the number of calls, written at the end
//   FEDSIM_FAULT_LOG=FILE       what was done: a line for each call, a write's bytes behind its line
//
// Counted: open and openat for writing or of a folder, write, pwrite, writev, sendfile, copy_file_range,
// fsync, fdatasync, ftruncate, rename, mkdir, unlink, remove. Lines: "open P", "truncate P N", "write P
// OFFSET N", "sync P", "rename P Q", "unlink P", "mkdir P", with tabs in place of the spaces.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>

namespace {

template <class F>
F* real(F*, const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}
#define REAL(name) static const auto original = real(&::name, #name)

int error_named(const char* name) {
  if (name == nullptr) return EIO;
  const std::string text = name;
  return text == "ENOSPC" ? ENOSPC : text == "EROFS" ? EROFS : text == "EDQUOT" ? EDQUOT : EIO;
}

/// What the environment asked for, once.
struct Settings {
  std::string under;
  long at = 0;
  bool from = false;
  int error = EIO;
  int log = -1;
  std::string count;
  Settings() {
    const auto text = [](const char* name) { return std::getenv(name) != nullptr ? std::getenv(name) : ""; };
    under = text("FEDSIM_FAULT_UNDER");
    at = std::atol(text("FEDSIM_FAULT_AT"));
    from = *text("FEDSIM_FAULT_FROM") != '\0';
    error = error_named(std::getenv("FEDSIM_FAULT_ERRNO"));
    count = text("FEDSIM_FAULT_COUNT");
    if (*text("FEDSIM_FAULT_LOG") != '\0') {
      const auto open_log = real(&::open, "open");
      log = open_log(text("FEDSIM_FAULT_LOG"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    }
  }
  ~Settings();
};

std::atomic<long> calls{0};
std::mutex log_lock;  // a record is whole, and in the order of the calls

Settings& settings() {
  static Settings once;
  return once;
}

Settings::~Settings() {
  if (count.empty()) return;
  if (std::FILE* file = std::fopen(count.c_str(), "w")) {
    std::fprintf(file, "%ld\n", calls.load());
    std::fclose(file);
  }
}

std::string absolute(const char* path) {
  if (path == nullptr) return "";
  if (*path == '/') return path;
  char folder[PATH_MAX];
  return getcwd(folder, sizeof folder) == nullptr ? path : std::string(folder).append("/").append(path);
}

std::string path_of(int descriptor) {
  char name[PATH_MAX];
  const ssize_t bytes =
      readlink((std::string("/proc/self/fd/").append(std::to_string(descriptor))).c_str(), name, sizeof name);
  return bytes > 0 ? std::string(name, static_cast<std::size_t>(bytes)) : "";
}

bool watched(const std::string& path) {
  const std::string& under = settings().under;
  return !under.empty() && path.compare(0, under.size(), under) == 0 &&
         (path.size() == under.size() || path[under.size()] == '/');
}

/// Counts a call; true: it is to fail, errno is set.
bool fails(const std::string& path) {
  if (!watched(path)) return false;
  const long number = ++calls;
  const Settings& s = settings();
  if (s.at == 0 || (s.from ? number < s.at : number != s.at)) return false;
  errno = s.error;
  return true;
}

void record(const std::string& line, const void* bytes = nullptr, std::size_t size = 0) {
  if (settings().log < 0) return;
  static const auto original = real(&::write, "write");
  const int kept = errno;
  std::string text = line;
  text += '\n';
  if (size > 0) text.append(static_cast<const char*>(bytes), size);
  const std::lock_guard guard(log_lock);
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t now = original(settings().log, text.data() + done, text.size() - done);
    if (now <= 0) std::abort();  // a log with holes would be worse than none
    done += static_cast<std::size_t>(now);
  }
  errno = kept;
}

std::string number(long long value) { return std::string(1, '\t').append(std::to_string(value)); }

void record_write(const std::string& path, long long offset, const void* bytes, ssize_t size) {
  if (size > 0 && watched(path))
    record("write\t" + path + number(offset) + number(size), bytes, static_cast<std::size_t>(size));
}

/// Where the last `size` bytes written through the descriptor begin.
long long begin_of(int descriptor, ssize_t size) { return lseek(descriptor, 0, SEEK_CUR) - size; }

bool changes(int flags) { return (flags & (O_WRONLY | O_RDWR | O_CREAT | O_DIRECTORY)) != 0; }

void record_open(const std::string& path, int flags) {
  if (!watched(path) || (flags & O_DIRECTORY) != 0) return;
  if ((flags & O_CREAT) != 0) record("open\t" + path);
  if ((flags & O_TRUNC) != 0) record("truncate\t" + path + "\t0");
}

/// The third argument of open, where there is one.
#define MODE(flags)                             \
  mode_t mode = 0;                              \
  if (((flags) & (O_CREAT | O_TMPFILE)) != 0) { \
    va_list list;                               \
    va_start(list, flags);                      \
    mode = va_arg(list, mode_t);                \
    va_end(list);                               \
  }

template <class Call>
int opened(const char* name, int flags, Call call) {
  const std::string path = absolute(name);
  if (changes(flags) && fails(path)) return -1;
  const int descriptor = call();
  if (descriptor >= 0 && changes(flags)) record_open(path, flags);
  return descriptor;
}

template <class Call>
int done_to(const std::string& path, const std::string& line, Call call) {
  if (fails(path)) return -1;
  const int result = call();
  if (result == 0 && watched(path)) record(line);
  return result;
}

template <class Call>
ssize_t copied(int out, int in, off64_t* offset, Call call) {
  const std::string path = path_of(out);
  if (fails(path)) return -1;
  const off64_t from = offset != nullptr ? *offset : lseek(in, 0, SEEK_CUR);
  const ssize_t size = call();
  if (size > 0 && watched(path)) {
    std::string bytes(static_cast<std::size_t>(size), '\0');
    if (pread(in, bytes.data(), bytes.size(), from) != size) std::abort();
    record_write(path, begin_of(out, size), bytes.data(), size);
  }
  return size;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  REAL(open);
  MODE(flags)
  return opened(path, flags, [&] { return original(path, flags, mode); });
}
int open64(const char* path, int flags, ...) {
  REAL(open64);
  MODE(flags)
  return opened(path, flags, [&] { return original(path, flags, mode); });
}
int openat(int folder, const char* path, int flags, ...) {
  REAL(openat);
  MODE(flags)
  return opened(path, flags, [&] { return original(folder, path, flags, mode); });
}
int openat64(int folder, const char* path, int flags, ...) {
  REAL(openat64);
  MODE(flags)
  return opened(path, flags, [&] { return original(folder, path, flags, mode); });
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
  REAL(write);
  const std::string path = path_of(descriptor);
  if (fails(path)) return -1;
  const ssize_t done = original(descriptor, bytes, size);
  if (done > 0 && watched(path)) record_write(path, begin_of(descriptor, done), bytes, done);
  return done;
}
ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  REAL(pwrite);
  const std::string path = path_of(descriptor);
  if (fails(path)) return -1;
  const ssize_t done = original(descriptor, bytes, size, offset);
  record_write(path, offset, bytes, done);
  return done;
}
ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off64_t offset) {
  return pwrite(descriptor, bytes, size, offset);  // off_t has 64 bits here
}
ssize_t writev(int descriptor, const iovec* parts, int count) {
  REAL(writev);
  const std::string path = path_of(descriptor);
  if (fails(path)) return -1;
  const ssize_t done = original(descriptor, parts, count);
  std::string all;
  for (int i = 0; i < count; ++i) all.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  if (done > 0 && watched(path)) record_write(path, begin_of(descriptor, done), all.data(), done);
  return done;
}
ssize_t sendfile(int out, int in, off_t* offset, size_t size) {
  REAL(sendfile);
  return copied(out, in, offset, [&] { return original(out, in, offset, size); });
}
ssize_t sendfile64(int out, int in, off64_t* offset, size_t size) { return sendfile(out, in, offset, size); }
ssize_t copy_file_range(int in, off64_t* from, int out, off64_t* to, size_t size, unsigned flags) {
  REAL(copy_file_range);
  return copied(out, in, from, [&] { return original(in, from, out, to, size, flags); });
}

int fsync(int descriptor) {
  REAL(fsync);
  const std::string path = path_of(descriptor);
  return done_to(path, "sync\t" + path, [&] { return original(descriptor); });
}
int fdatasync(int descriptor) {
  REAL(fdatasync);
  const std::string path = path_of(descriptor);
  return done_to(path, "sync\t" + path, [&] { return original(descriptor); });
}
int ftruncate(int descriptor, off_t size) noexcept {
  REAL(ftruncate);
  const std::string path = path_of(descriptor);
  return done_to(path, "truncate\t" + path + number(size), [&] { return original(descriptor, size); });
}
int ftruncate64(int descriptor, off64_t size) noexcept { return ftruncate(descriptor, size); }
int rename(const char* from, const char* to) noexcept {
  REAL(rename);
  return done_to(absolute(to), "rename\t" + absolute(from) + "\t" + absolute(to),
                 [&] { return original(from, to); });
}
int mkdir(const char* path, mode_t mode) noexcept {
  REAL(mkdir);
  return done_to(absolute(path), "mkdir\t" + absolute(path), [&] { return original(path, mode); });
}
int unlink(const char* path) noexcept {
  REAL(unlink);
  return done_to(absolute(path), "unlink\t" + absolute(path), [&] { return original(path); });
}
int remove(const char* path) noexcept {
  REAL(remove);
  return done_to(absolute(path), "unlink\t" + absolute(path), [&] { return original(path); });
}
}
