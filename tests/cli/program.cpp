#include "cli/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "catch.hpp"

extern char** environ;

namespace fedsim::test {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// NAME=VALUE of the process, with `added` replacing what has the same name.
std::vector<std::string> environment_with(const Environment& added) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view line = *entry;
    bool replaced = false;
    for (const auto& [name, value] : added) replaced |= line.substr(0, line.find('=')) == name;
    if (!replaced) result.emplace_back(line);
  }
  for (const auto& [name, value] : added) result.push_back(fmt::format("{}={}", name, value));
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (auto& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

int wait_for(pid_t process) {
  int status = 0;
  REQUIRE(waitpid(process, &status, 0) == process);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

fs::path TempFolder::write(std::string_view name, std::string_view content) const {
  const fs::path file = *this / name;
  fs::create_directories(file.parent_path());
  std::ofstream stream(file, std::ios::binary);
  stream << content;
  stream.close();
  REQUIRE(stream.good());
  return file;
}

Outcome fedsim(const TempFolder& folder, const std::vector<std::string>& arguments, const Environment& environment) {
  const char* binary = std::getenv("FEDSIM_BINARY");
  REQUIRE(binary != nullptr);  // ctest sets it
  std::vector<std::string> words{binary};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = environment_with(environment);

  const std::string out = (folder / ".stdout").string(), err = (folder / ".stderr").string();
  posix_spawn_file_actions_t actions;
  REQUIRE(posix_spawn_file_actions_init(&actions) == 0);
  const int flags = O_WRONLY | O_CREAT | O_TRUNC;
  REQUIRE(posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0);
  REQUIRE(posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), flags, 0600) == 0);
  REQUIRE(posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), flags, 0600) == 0);
  REQUIRE(posix_spawn_file_actions_addchdir_np(&actions, folder.path().c_str()) == 0);

  const auto begin = std::chrono::steady_clock::now();
  pid_t process = 0;
  const int failed =
      posix_spawn(&process, binary, &actions, nullptr, pointers(words).data(), pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  INFO("cannot start " << binary);
  REQUIRE(failed == 0);
  Outcome outcome;
  outcome.exit = wait_for(process);
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  outcome.out = read_text(out);
  outcome.err = read_text(err);
  return outcome;
}

Outcome fedsim_ok(const TempFolder& folder, const std::vector<std::string>& arguments,
                  const Environment& environment) {
  Outcome outcome = fedsim(folder, arguments, environment);
  std::string command = "fedsim";
  for (const auto& word : arguments) command += fmt::format(" {}", word);
  INFO(command);
  INFO("stdout: " << outcome.out);
  INFO("stderr: " << outcome.err);
  REQUIRE(outcome.exit == 0);
  return outcome;
}

fs::path source_folder() { return FEDSIM_SOURCE_DIR; }

fs::path folder_with(std::string_view dataset) {
  std::vector<fs::path> candidates;
  if (const char* named = std::getenv("FEDSIM_DATA")) candidates.emplace_back(named);
  candidates.push_back(source_folder() / "datasets/data");
  candidates.push_back(source_folder() / "../shared/datasets");
  candidates.emplace_back("/usr/share/datasets");
  for (const auto& candidate : candidates)
    for (const char* ending : {"", ".gz"})
      if (fs::exists(candidate / dataset / fmt::format("train-images-idx3-ubyte{}", ending))) return candidate;
  return {};
}

}  // namespace fedsim::test
