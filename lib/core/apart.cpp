#include "core/apart.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <new>

#include "core/error.h"
#include "core/file.h"

namespace fedsim {
namespace {

/// The answer: its first byte is the exit code of an error, 0 for none; the rest is text.
std::string answer_of(const std::function<std::string()>& work) {
  const auto answer = [](Exit exit, const std::string& text) { return static_cast<char>(exit) + text; };
  try {
    return answer(Exit::done, work());
  } catch (const Error& error) {
    return answer(error.exit(), error.what());
  } catch (const std::bad_alloc&) {
    return answer(Exit::output, "there is not enough memory");
  } catch (...) {
    return "";  // a bug: told as a death, for the child must not go on as the program
  }
}

void limit(decltype(RLIMIT_CORE) what, rlim_t most) {
  rlimit now{};
  if (::getrlimit(what, &now) == 0 && now.rlim_max < most) most = now.rlim_max;
  now = {most, most};
  ::setrlimit(what, &now);
}

/// Private memory that could be written to, which is what RLIMIT_DATA is about.
std::uint64_t data_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0;
  for (int field = 0; field < 6; ++field) statm >> pages;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// A crash leaves no core file and no words of the C library on the screen: the parent says what happened.
void confine(Room room) {
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, room.seconds);
  limit(RLIMIT_DATA, data_bytes() + room.bytes);
  for (const int number : {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGXCPU}) std::signal(number, SIG_DFL);
  const int nowhere = ::open("/dev/null", O_WRONLY);
  if (nowhere >= 0) ::dup2(nowhere, STDERR_FILENO);
}

[[noreturn]] void tell(int pipe, const std::string& answer) {
  ::_exit(write_all(pipe, answer) ? 0 : 1);  // nothing is flushed or destroyed twice
}

std::string all_of(int pipe) {
  std::string text;
  std::array<char, 4096> piece{};
  for (;;) {
    const ssize_t bytes = ::read(pipe, piece.data(), piece.size());
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(bytes));
  }
}

int end_of(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return 0;
  return status;
}

}  // namespace

Room room_to_read(const std::filesystem::path& file) {
  std::error_code problem;
  const std::uint64_t size = std::filesystem::file_size(file, problem);
  const std::uint64_t bytes = problem ? 0 : size;
  return {3 + bytes / 2'000'000, (std::uint64_t{256} << 20) + 4 * bytes};
}

std::string apart(const std::function<std::string()>& work, Room room, const std::string& died) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return work();
  const pid_t child = ::fork();
  if (child == 0) {
    confine(room);
    tell(ends[1], answer_of(work));
  }
  ::close(ends[1]);
  if (child < 0) {  // no process left for us
    ::close(ends[0]);
    return work();
  }
  const std::string answer = all_of(ends[0]);
  ::close(ends[0]);
  const int status = end_of(child);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || answer.empty()) throw DataError(died);
  if (answer[0] != 0) throw Error(static_cast<Exit>(answer[0]), answer.substr(1));
  return answer.substr(1);
}

}  // namespace fedsim
