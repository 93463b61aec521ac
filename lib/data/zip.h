// Reads ZIP archives as numpy.savez writes them: entries stored or deflated, ZIP64 sizes, CRC-32 checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace fedsim {

class ZipFile {
 public:
  /// Reads the directory. Throws DataError where the file is not a whole ZIP archive.
  explicit ZipFile(std::filesystem::path path);
  /// True where the file begins as a ZIP archive does.
  static bool looks_like_one(const std::filesystem::path& path);

  std::vector<std::string> names() const;
  bool has(const std::string& name) const { return find(name) != nullptr; }
  /// The content of one entry. Throws DataError: not there, encrypted, a method other than stored or deflate,
  /// sizes that the file cannot hold, wrong CRC.
  std::vector<std::uint8_t> read(const std::string& name) const;

 private:
  struct Member {
    std::string name;
    std::uint16_t flags = 0, method = 0;
    std::uint32_t crc = 0;
    std::uint64_t packed = 0, size = 0, offset = 0;
  };
  const Member* find(const std::string& name) const;
  std::vector<std::uint8_t> bytes(std::uint64_t offset, std::uint64_t count) const;
  void read_directory(std::uint64_t offset, std::uint64_t size, std::uint64_t members);
  [[noreturn]] void fail(const std::string& message) const;

  std::filesystem::path path_;
  mutable std::ifstream file_;
  std::uint64_t file_bytes_ = 0;
  std::vector<Member> members_;
};

}  // namespace fedsim
