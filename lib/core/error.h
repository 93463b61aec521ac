// The errors a user can meet, each with the exit code that scripts rely on (README, "Exit codes").
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fedsim {

/// Exit codes of the program.
enum class Exit : int {
  done = 0,
  internal = 1,      // a bug of ours, or a failed comparison
  config = 2,        // usage or config
  data = 3,          // an input file is missing or wrong
  output = 4,        // output or resource: disk, memory, device
  diverged = 5,      // every update of a round was non-finite
  stopped = 75,      // SIGTERM, SIGUSR1: resumable
  interrupted = 130  // SIGINT: resumable
};

/// An expected failure: `what()` is the whole message for the user, without the leading "error: ".
class Error : public std::runtime_error {
 public:
  Error(Exit exit, const std::string& message) : std::runtime_error(message), exit_(exit) {}
  Exit exit() const { return exit_; }

 private:
  Exit exit_;
};

struct UsageError : Error {
  explicit UsageError(const std::string& message) : Error(Exit::config, message) {}
};
struct DataError : Error {
  explicit DataError(const std::string& message) : Error(Exit::data, message) {}
};
struct OutputError : Error {
  explicit OutputError(const std::string& message) : Error(Exit::output, message) {}
};

/// An option whose value does not fit the others or the data. Thrown by constructors that take Options; whoever
/// read the option knows its place in the config and turns this into a ConfigError with file:line:col.
struct OptionError {
  std::string option;   // as named in visit(): "mu"
  std::string message;  // "must be below the number of clients (100), got 200"
  std::string help;     // what to do, may be empty
};

/// One located complaint about a config.
struct Diagnostic {
  std::string file;         // "exp.toml" or "--set #2"
  std::size_t line = 0;     // from 1; 0: the whole file
  std::size_t column = 0;   // from 1, in code points
  std::string message;      // "unknown key 'lerning_rate' in [client]"
  std::string source_line;  // the line as written
  std::string help;         // "did you mean 'lr'?"
  std::size_t width = 1;    // characters to underline from `column`
};

/// Everything wrong with a config, found in one pass (exit 2).
class ConfigError : public Error {
 public:
  explicit ConfigError(std::vector<Diagnostic> diagnostics);
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

 private:
  std::vector<Diagnostic> diagnostics_;
};

/// "file:line:col: error: message", the source line, a caret, "help: ..." (several lines, no trailing newline).
std::string to_string(const Diagnostic& diagnostic);

/// The name in `known` nearest to `word` by Damerau-Levenshtein distance, or "" where none is within
/// max(1, length/3) edits. Ties go to the first.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace fedsim
