#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "torture.h"

extern char** environ;

namespace fedsim::torture {
namespace {

/// Of the child, between fork and exec.
void limit(int what, std::uint64_t bytes) {
  const rlimit value{bytes, bytes};
  if (bytes > 0 && setrlimit(static_cast<__rlimit_resource_t>(what), &value) != 0) _exit(126);
}

}  // namespace

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void sleep(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

std::string text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

Child::Child(const Place& place, const std::vector<std::string>& arguments, const fs::path& log,
             const Environment& environment, const Limits& limits)
    : begin_(now()) {
  std::vector<std::string> words{place.binary.string()}, variables;
  words.insert(words.end(), arguments.begin(), arguments.end());
  for (char** entry = environ; *entry != nullptr; ++entry) variables.emplace_back(*entry);
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  const auto pointers = [](std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (auto& text : strings) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
  };
  auto argv = pointers(words), envp = pointers(variables);
  process_ = fork();
  if (process_ < 0) throw std::runtime_error("fork failed");
  if (process_ > 0) return;
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || dup2(file, STDERR_FILENO) < 0 || dup2(file, STDOUT_FILENO) < 0) _exit(126);
  limit(RLIMIT_FSIZE, limits.file_bytes);
  limit(RLIMIT_AS, limits.memory_bytes);
  limit(RLIMIT_CORE, 1);
  execve(argv[0], argv.data(), envp.data());
  _exit(127);
}

Child::~Child() {
  if (over_) return;
  signal(SIGKILL);
  wait(10);
}

void Child::signal(int number) const {
  if (!over_) ::kill(process_, number);
}

void Child::ended(int status, const void* usage) {
  over_ = true;
  result_.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result_.seconds = now() - begin_;
  result_.peak_kib = static_cast<const rusage*>(usage)->ru_maxrss;
}

bool Child::running() {
  if (over_) return false;
  int status = 0;
  rusage usage{};
  if (wait4(process_, &status, WNOHANG, &usage) != process_) return true;
  ended(status, &usage);
  return false;
}

bool Child::until(const std::function<bool()>& condition) {
  while (!condition()) {
    if (!running()) return condition();
    sleep(0.0005);
  }
  return true;
}

Ended Child::wait(double seconds) {
  const double end = now() + seconds;
  while (running()) {
    if (now() > end) {
      signal(SIGKILL);
      sleep(0.2);
      running();
      result_.exit = -1;
      break;
    }
    sleep(0.001);
  }
  return result_;
}

}  // namespace fedsim::torture
