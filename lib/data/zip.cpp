// Field offsets are those of PKWARE's APPNOTE.TXT 6.3: 4.3.7 (local header), 4.3.12 (central
// directory), 4.3.14 to 4.3.16 (ends of the directory), 4.5.3 (ZIP64 extra field). All numbers are
// little-endian.
#include "data/zip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "core/error.h"

namespace fedsim {
namespace {

constexpr std::uint64_t deflate_ratio = 1032;  // no deflate stream unpacks to more
constexpr std::uint32_t local_magic = 0x04034b50, central_magic = 0x02014b50, end_magic = 0x06054b50;
constexpr std::uint32_t end64_magic = 0x06064b50, locator64_magic = 0x07064b50;

std::uint64_t number(const std::uint8_t* bytes, int width) {
  std::uint64_t value = 0;
  for (int i = width - 1; i >= 0; --i) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

void ZipFile::fail(const std::string& message) const {
  throw DataError(
      fmt::format("{}: {}\nhelp: the archive is damaged; write it again", path_.string(), message));
}

std::vector<std::uint8_t> ZipFile::bytes(std::uint64_t offset, std::uint64_t count) const {
  if (offset > file_bytes_ || count > file_bytes_ - offset)
    fail(fmt::format("expected {} bytes at offset {}, the file has {} bytes", count, offset, file_bytes_));
  std::vector<std::uint8_t> result(static_cast<std::size_t>(count));
  file_.clear();
  file_.seekg(static_cast<std::streamoff>(offset));
  file_.read(reinterpret_cast<char*>(result.data()), static_cast<std::streamsize>(count));
  if (static_cast<std::uint64_t>(file_.gcount()) != count)
    fail(fmt::format("cannot be read at offset {}", offset));
  return result;
}

bool ZipFile::looks_like_one(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  char magic[2] = {};
  return file.read(magic, 2) && magic[0] == 'P' && magic[1] == 'K';
}

ZipFile::ZipFile(std::filesystem::path path) : path_(std::move(path)), file_(path_, std::ios::binary) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path_, error))
    throw DataError(fmt::format("{}: no such file", path_.string()));
  file_bytes_ = std::filesystem::file_size(path_, error);
  if (!file_ || error) throw DataError(fmt::format("{}: cannot be read", path_.string()));
  const auto tail_bytes =
      std::min<std::uint64_t>(file_bytes_, 22 + 65535);  // the end record and the longest comment
  const auto tail = bytes(file_bytes_ - tail_bytes, tail_bytes);
  for (std::int64_t at = static_cast<std::int64_t>(tail.size()) - 22; at >= 0; --at) {
    const auto* end = tail.data() + at;
    if (number(end, 4) != end_magic) continue;
    std::uint64_t members = number(end + 10, 2), size = number(end + 12, 4), offset = number(end + 16, 4);
    if (at >= 20 && number(end - 20, 4) == locator64_magic) {
      const auto end64 = bytes(number(end - 12, 8), 56);
      if (number(end64.data(), 4) != end64_magic) fail("the ZIP64 end record is not where it should be");
      members = number(end64.data() + 32, 8);
      size = number(end64.data() + 40, 8);
      offset = number(end64.data() + 48, 8);
    }
    read_directory(offset, size, members);
    return;
  }
  fail("no end of a ZIP directory found: the file is cut or not a ZIP archive");
}

void ZipFile::read_directory(std::uint64_t offset, std::uint64_t size, std::uint64_t members) {
  const auto directory = bytes(offset, size);
  if (members > size / 46)
    fail(fmt::format("the directory cannot hold {} entries in {} bytes", members, size));
  std::size_t at = 0;
  for (std::uint64_t i = 0; i < members; ++i) {
    if (directory.size() - at < 46 || number(directory.data() + at, 4) != central_magic)
      fail(fmt::format("entry {} of the directory is damaged", i));
    const auto* record = directory.data() + at;
    const std::size_t name = number(record + 28, 2), extra = number(record + 30, 2),
                      comment = number(record + 32, 2);
    if (directory.size() - at - 46 < name + extra + comment)
      fail(fmt::format("entry {} of the directory is cut", i));
    Member member;
    member.name.assign(reinterpret_cast<const char*>(record + 46), name);
    member.flags = static_cast<std::uint16_t>(number(record + 8, 2));
    member.method = static_cast<std::uint16_t>(number(record + 10, 2));
    member.crc = static_cast<std::uint32_t>(number(record + 16, 4));
    member.packed = number(record + 20, 4);
    member.size = number(record + 24, 4);
    member.offset = number(record + 42, 4);
    // The ZIP64 field holds, in this order, those of size, packed and offset that are all ones above.
    const auto* field = record + 46 + name;
    const auto* const end = field + extra;
    while (end - field >= 4) {
      const auto* value = field + 4;
      const auto* const field_end =
          value + std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(number(field + 2, 2)), end - value);
      if (number(field, 2) == 1)
        for (auto* wide : {&member.size, &member.packed, &member.offset})
          if (*wide == 0xFFFFFFFF && field_end - value >= 8) *wide = number(value, 8), value += 8;
      field = field_end;
    }
    members_.push_back(std::move(member));
    at += 46 + name + extra + comment;
  }
}

const ZipFile::Member* ZipFile::find(const std::string& name) const {
  for (const auto& member : members_)
    if (member.name == name) return &member;
  return nullptr;
}

std::vector<std::string> ZipFile::names() const {
  std::vector<std::string> result;
  for (const auto& member : members_) result.push_back(member.name);
  return result;
}

std::vector<std::uint8_t> ZipFile::read(const std::string& name) const {
  const auto* member = find(name);
  if (!member) fail(fmt::format("no entry '{}'", name));
  if (member->flags & 1) fail(fmt::format("'{}' is encrypted, expected a plain entry", name));
  if (member->method != 0 && member->method != 8)
    fail(fmt::format("'{}' is packed with method {}, expected 0 (stored) or 8 (deflate)", name,
                     member->method));
  const auto header = bytes(member->offset, 30);
  if (number(header.data(), 4) != local_magic) fail(fmt::format("no entry at the place of '{}'", name));
  const auto begin = member->offset + 30 + number(header.data() + 26, 2) + number(header.data() + 28, 2);
  const auto packed = bytes(begin, member->packed);
  const bool fits =
      member->method == 0 ? member->size == member->packed : member->size / deflate_ratio <= member->packed;
  if (!fits)
    fail(fmt::format("'{}' claims {} bytes from {} packed ones, more than can be", name, member->size,
                     member->packed));
  std::vector<std::uint8_t> content = packed;
  if (member->method == 8) {
    content.resize(static_cast<std::size_t>(member->size));
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
    std::size_t in = 0, out = 0;
    int code = Z_OK;
    while (code == Z_OK) {  // zlib counts in 32 bits: parts of at most 1 GiB
      stream.next_in = const_cast<Bytef*>(packed.data()) + in;
      stream.avail_in = static_cast<uInt>(std::min<std::size_t>(packed.size() - in, 1U << 30));
      stream.next_out = content.data() + out;
      stream.avail_out = static_cast<uInt>(std::min<std::size_t>(content.size() - out, 1U << 30));
      const auto had_in = stream.avail_in, had_out = stream.avail_out;
      code = inflate(&stream, Z_NO_FLUSH);
      in += had_in - stream.avail_in;
      out += had_out - stream.avail_out;
    }
    inflateEnd(&stream);
    if (code != Z_STREAM_END || out != content.size())
      fail(fmt::format("'{}' unpacks to {} bytes or more, expected {}", name, out, content.size()));
  }
  auto crc = crc32_z(0, content.data(), content.size());
  if (crc != member->crc) fail(fmt::format("'{}' has CRC {:08x}, expected {:08x}", name, crc, member->crc));
  return content;
}

}  // namespace fedsim
