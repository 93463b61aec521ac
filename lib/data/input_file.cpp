#include "data/input_file.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace fedsim {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t deflate_ratio = 1032;  // zlib technical details: no deflate stream unpacks to more

std::string size_message(const fs::path& path, const std::string& why, std::int64_t expected,
                         const std::string& found) {
  return fmt::format(
      "{}: expected {} bytes ({}), found {}\nhelp: the file is damaged or not what its name says; "
      "fetch it again",
      path.string(), expected, why, found);
}

}  // namespace

std::optional<std::int64_t> checked_product(std::span<const std::int64_t> factors) {
  std::int64_t product = 1;
  for (const auto factor : factors)
    if (factor < 0 || __builtin_mul_overflow(product, factor, &product)) return std::nullopt;
  return product;
}

struct InputFile::Handle {
  gzFile file = nullptr;
  ~Handle() {
    if (file) gzclose_r(file);
  }
};

InputFile::InputFile(fs::path path) : path_(std::move(path)), handle_(std::make_unique<Handle>()) {
  std::error_code error;
  const auto status = fs::status(path_, error);
  if (!fs::exists(status)) throw DataError(fmt::format("{}: no such file", path_.string()));
  if (fs::is_directory(status))
    throw DataError(fmt::format("{}: is a folder, expected a file", path_.string()));
  if (!fs::is_regular_file(status)) throw DataError(fmt::format("{}: not a regular file", path_.string()));
  stored_bytes_ = static_cast<std::int64_t>(fs::file_size(path_, error));
  errno = 0;
  handle_->file = error ? nullptr : gzopen(path_.c_str(), "rb");
  if (!handle_->file)
    throw DataError(
        fmt::format("{}: cannot be read: {}", path_.string(), std::strerror(error ? error.value() : errno)));
  if (stored_bytes_ == 0) throw DataError(fmt::format("{}: the file is empty", path_.string()));
  gzbuffer(handle_->file, 1 << 18);
  gzipped_ = gzdirect(handle_->file) == 0;
}

InputFile::~InputFile() = default;

std::size_t InputFile::read(void* to, std::size_t bytes) {
  auto* out = static_cast<std::uint8_t*>(to);
  std::size_t done = 0;
  while (done < bytes) {
    const auto part = static_cast<unsigned>(std::min<std::size_t>(bytes - done, 1U << 30));
    const int got = gzread(handle_->file, out + done, part);
    int code = Z_OK;
    const char* text = gzerror(handle_->file, &code);
    if (got < 0 || (code != Z_OK && code != Z_STREAM_END)) {
      const std::string reason = code == Z_BUF_ERROR ? "the file ends too early"
                                 : code == Z_ERRNO   ? std::strerror(errno)
                                                     : text;
      throw DataError(fmt::format("{}: damaged{}: {}\nhelp: fetch it again", path_.string(),
                                  gzipped_ ? " gzip data" : "", reason));
    }
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void InputFile::expect_total(std::int64_t total, const std::string& why) const {
  if (!gzipped_ && stored_bytes_ != total)
    throw DataError(size_message(path_, why, total, std::to_string(stored_bytes_)));
  // stored_bytes_ is a file's size: far below 2^63 / 1032.
  if (gzipped_ && total > stored_bytes_ * deflate_ratio)
    throw DataError(size_message(path_, why, total,
                                 fmt::format("{} bytes of gzip data, which unpack to {} at most",
                                             stored_bytes_, stored_bytes_ * deflate_ratio)));
}

void InputFile::read_rest(std::span<std::uint8_t> to, std::int64_t before, const std::string& why) {
  const auto expected = before + static_cast<std::int64_t>(to.size());
  const auto got = read(to.data(), to.size());
  if (got < to.size())
    throw DataError(
        size_message(path_, why, expected, std::to_string(before + static_cast<std::int64_t>(got))));
  char extra = 0;
  if (read(&extra, 1) != 0) throw DataError(size_message(path_, why, expected, "more"));
}

std::string InputFile::read_text(std::size_t limit) {
  std::string text;
  constexpr std::size_t part = 1 << 20;
  for (;;) {
    const auto before = text.size();
    text.resize(before + part);
    const auto got = read(text.data() + before, part);
    text.resize(before + got);
    if (text.size() > limit)
      throw DataError(
          fmt::format("{}: more than {} bytes, the most that is read of such a file", path_.string(), limit));
    if (got < part) return text;
  }
}

}  // namespace fedsim
