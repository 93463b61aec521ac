// Runs the built binary as a user would, in a folder of its own.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "temporary_folder.hpp"

namespace fedsim::test {

/// A new empty folder, removed at the end of the test.
class TempFolder : public TemporaryFolder {
 public:
  /// Writes a file and returns its path.
  std::filesystem::path write(std::string_view name, std::string_view content) const;
};

struct Outcome {
  int exit = -1;  // 128 + n where signal n ended it
  std::string out, err;
  double seconds = 0;  // wall clock
};

using Environment = std::vector<std::pair<std::string, std::string>>;

/// `fedsim arguments...` with `folder` as the working directory; $FEDSIM_BINARY names the program. Variables of
/// `environment` are added; FEDSIM_DATA is otherwise kept as it is.
Outcome fedsim(const TempFolder& folder, const std::vector<std::string>& arguments,
               const Environment& environment = {});

/// As above; fails the test, with what it printed, where the exit code is not 0.
Outcome fedsim_ok(const TempFolder& folder, const std::vector<std::string>& arguments,
                  const Environment& environment = {});

/// `part` stands in `text`.
inline bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// The top of the source tree.
std::filesystem::path source_folder();

/// The folder that holds <name>/train-images-idx3-ubyte(.gz), or empty: $FEDSIM_DATA, datasets/data of the source tree, the
/// folder ../shared/datasets beside it, Debian's package.
std::filesystem::path folder_with(std::string_view dataset);

}  // namespace fedsim::test
