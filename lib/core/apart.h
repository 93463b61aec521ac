// Work that may end the process, a library that crashes on a damaged file say, is tried in a copy of the process first.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace fedsim {

/// What the child may use: CPU time, and memory beyond what the process has.
struct Room {
  std::uint64_t seconds, bytes;
};
/// Many times what reading `file` takes.
Room room_to_read(const std::filesystem::path& file);

/// What `work` returns in a forked child; what it throws there is thrown here, and where the child dies, DataError with
/// the message `died`. A few milliseconds. The child sees only the calling thread: `work` must not wait for others.
std::string apart(const std::function<std::string()>& work, Room room, const std::string& died);

}  // namespace fedsim
