// A file that is read from front to back, unpacked on the way where it is gzipped (told by its first bytes,
// not by its name). Sizes are checked before anything is allocated.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace fedsim {

/// Product of sizes; none where it does not fit into 63 bits or a factor is negative.
std::optional<std::int64_t> checked_product(std::span<const std::int64_t> factors);

class InputFile {
 public:
  /// Throws DataError: not there, not a regular file, not readable, empty.
  explicit InputFile(std::filesystem::path path);
  ~InputFile();

  const std::filesystem::path& path() const { return path_; }
  bool gzipped() const { return gzipped_; }
  /// Of the file as it lies on the disk.
  std::int64_t stored_bytes() const { return stored_bytes_; }
  /// Reads up to `bytes`, less only at the end of the file. Throws DataError where the gzip data is damaged.
  std::size_t read(void* to, std::size_t bytes);
  /// Throws DataError unless the file can hold `total` bytes when unpacked: exactly so for a plain file, and
  /// within deflate's greatest ratio (1032) for a gzipped one, which read_rest() then checks to the byte.
  void expect_total(std::int64_t total, const std::string& why) const;
  /// Fills `to` with the rest of the file, of which `before` bytes were read. Throws DataError with expected
  /// and found bytes where the file is shorter or longer.
  void read_rest(std::span<std::uint8_t> to, std::int64_t before, const std::string& why);
  /// Everything, at most `limit` bytes.
  std::string read_text(std::size_t limit);

 private:
  struct Handle;
  std::filesystem::path path_;
  std::unique_ptr<Handle> handle_;
  std::int64_t stored_bytes_ = 0;
  bool gzipped_ = false;
};

}  // namespace fedsim
