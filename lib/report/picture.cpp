// Writing a picture: SVG as it is, PNG and PDF by rsvg-convert (librsvg), started without a shell.
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "core/error.h"
#include "report/chart.h"

extern char** environ;

namespace fedsim {
namespace {

namespace fs = std::filesystem;

void write_file(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) throw OutputError(fmt::format("{}: can't write it: {}", path.string(), std::strerror(errno)));
}

// Exit status of a program found in PATH.
int run_program(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int problem = ::posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ);
  if (problem == ENOENT)
    throw OutputError(
        fmt::format("{} is not installed, which writes PNG and PDF\n"
                    "  help: install the package librsvg2-bin, or write a .svg",
                    words[0]));
  if (problem != 0) throw OutputError(fmt::format("can't start {}: {}", words[0], std::strerror(problem)));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) throw OutputError(fmt::format("lost {}: {}", words[0], std::strerror(errno)));
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct Temporary {
  fs::path path;
  ~Temporary() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

}  // namespace

void write_picture(const std::string& path, const std::string& svg) {
  const auto kind = fs::path(path).extension().string();
  if (kind != ".svg" && kind != ".png" && kind != ".pdf")
    throw UsageError(fmt::format("{}: a picture is written as .svg, .png or .pdf", path));
  const auto folder = fs::path(path).parent_path();
  std::error_code problem;
  if (!folder.empty() && !fs::is_directory(folder, problem))
    throw OutputError(fmt::format("{}: the folder {} does not exist", path, folder.string()));
  if (kind == ".svg") return write_file(path, svg);
  const Temporary source{fmt::format("{}.{}.svg", path, ::getpid())};
  write_file(source.path, svg);
  // An absolute path never looks like an option.
  const auto out = fs::absolute(path).string(), in = fs::absolute(source.path).string();
  const int status = run_program({"rsvg-convert", "--format", kind.substr(1), "--zoom",
                                  kind == ".png" ? "2" : "1", "--output", out, in});
  if (status != 0) throw OutputError(fmt::format("{}: rsvg-convert failed with status {}", path, status));
}

}  // namespace fedsim
