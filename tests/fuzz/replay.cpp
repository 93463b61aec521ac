// usage: fedsim_fuzz_replay CORPUS FOLDER. Writes the seeds into FOLDER, then runs every file of
// CORPUS/TARGET and FOLDER/TARGET, and each cut short and with bytes changed, through its target. With any
// compiler: an ordinary test.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

#include "core/random.h"
#include "fuzz/targets.h"

namespace {

using namespace fedsim;
using namespace fedsim::fuzz;
namespace fs = std::filesystem;

/// Runs of a file and of its mutations. A seed must be accepted as it is: else its mutations try nothing.
int replay(Target target, const fs::path& file, bool seed) {
  std::ifstream stream(file, std::ios::binary);
  const std::vector<std::uint8_t> bytes(std::istreambuf_iterator<char>(stream), {});
  if (!run(target, bytes) && seed) throw std::runtime_error("the seed " + file.string() + " is refused");
  int runs = 1;
  Random random(bytes.size(), Purpose::update);
  for (; runs < 40 && !bytes.empty(); ++runs) {
    auto changed = bytes;
    if (runs % 4 == 0) changed.resize(random.below(bytes.size()));
    for (std::uint64_t i = 0; i < 1 + random.below(3) && !changed.empty(); ++i)
      changed[random.below(changed.size())] = static_cast<std::uint8_t>(random.below(256));
    run(target, changed);
  }
  return runs;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: fedsim_fuzz_replay CORPUS FOLDER\n", stderr);
    return 2;
  }
  try {
    write_seeds(argv[2]);
    for (const auto& [name, target] : targets()) {
      int files = 0, runs = 0;
      for (const char* folder : {argv[1], argv[2]}) {
        if (!fs::is_directory(fs::path(folder) / name)) continue;
        for (const auto& entry : fs::directory_iterator(fs::path(folder) / name)) {
          runs += replay(target, entry.path(), folder == argv[2]);
          ++files;
        }
      }
      std::printf("%s: %d files, %d runs\n", name.c_str(), files, runs);
      std::fflush(stdout);
      if (files == 0) return 1;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
