#include "data/tff.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "data/where.h"

namespace fedsim {
namespace {

/// Returns the clients' offsets in rows.
std::vector<std::int64_t> read_half(const std::filesystem::path& path, std::int64_t most,
                                    const ReadClient& read, std::int64_t targets, Part& part) {
  const auto file = hdf5::File::open_foreign(path);
  const auto examples = file.root().group("examples");
  auto clients = examples.children();
  if (clients.empty()) throw examples.error("has no clients");
  if (most > 0) clients.resize(std::min(clients.size(), static_cast<std::size_t>(most)));
  part.where = part.where_labels = path.string();
  std::vector<std::int64_t> offsets{0};
  for (const auto& client : clients) {
    read(examples.group(client), part);
    offsets.push_back(static_cast<std::int64_t>(part.y.size()) / targets);
  }
  return offsets;
}

}  // namespace

void read_tff(const TffFiles& files, std::int64_t most, const ReadClient& read, Parts& parts) {
  parts.origin = files.folder.string();
  parts.user_offsets = read_half(files.folder / files.train, most, read, parts.targets, parts.train);
  parts.test.emplace();
  read_half(files.folder / files.test, most, read, parts.targets, *parts.test);
}

void add_sequence(std::span<const std::int32_t> tokens, std::size_t length, Part& part) {
  if (!std::holds_alternative<std::vector<std::int32_t>>(part.x)) part.x = std::vector<std::int32_t>();
  auto& x = std::get<std::vector<std::int32_t>>(part.x);
  for (std::size_t i = 0; i < length; ++i) {
    x.push_back(i < tokens.size() ? tokens[i] : 0);
    part.y.push_back(i + 1 < tokens.size() && tokens[i + 1] != 0 ? tokens[i + 1] : -1);
  }
}

}  // namespace fedsim
