// What a result says of the machine and the time, and what the disk must do.
#pragma once

#include <filesystem>
#include <string>

namespace fedsim {

std::string host_name();
std::string utc_now();  // ISO 8601: "2026-01-31T12:00:00Z"

/// fsync of a folder: a rename in it survives a power loss. Throws OutputError; file systems that can't are
/// let be.
void sync_folder(const std::filesystem::path& folder);

/// The folder of `file`, "." where it names none.
std::filesystem::path folder_of(const std::filesystem::path& file);

/// "results/a.h5" -> "results/a.lock"; keeps whatever has another extension: "a.data" -> "a.data.lock".
std::filesystem::path beside(const std::filesystem::path& result, const std::string& extension);

}  // namespace fedsim
