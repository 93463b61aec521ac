// Whole files, written so that a crash leaves the old one or the new one, never a mixture; and all of some bytes to what is open.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace fedsim {

/// write(2) until all bytes are written. False, with errno set, where one fails.
bool write_all(int descriptor, std::string_view bytes);

/// Creates or replaces `path` with `bytes` and fsyncs it. Throws OutputError naming the file and the cause.
void write_file_synced(const std::filesystem::path& path, std::string_view bytes);

/// rename(2), then fsync of the folder. Throws OutputError.
void rename_synced(const std::filesystem::path& from, const std::filesystem::path& to);

/// The whole content. Throws DataError naming the file.
std::string read_file(const std::filesystem::path& path);

}  // namespace fedsim
