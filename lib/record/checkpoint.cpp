#include "record/checkpoint.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <type_traits>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"

namespace fedsim {
namespace {

namespace fs = std::filesystem;
static_assert(std::endian::native == std::endian::little, "the checkpoint format is little endian");

constexpr std::string_view magic = "FEDSIMCK";
constexpr std::uint32_t format_version = 1;
constexpr std::size_t trailer_bytes = 64;

/// Appends fields to a byte string.
class Out {
 public:
  std::string bytes;
  template <class T>
    requires std::is_arithmetic_v<T>
  Out& operator<<(T value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Out& operator<<(std::string_view text) {
    *this << static_cast<std::uint64_t>(text.size());
    bytes.append(text);
    return *this;
  }
  Out& operator<<(const Vec& vec) {
    *this << static_cast<std::uint8_t>(vec.dtype()) << static_cast<std::uint64_t>(vec.size());
    if (!vec.empty()) bytes.append(static_cast<const char*>(vec.data()), vec.bytes());
    return *this;
  }
  Out& operator<<(const NamedVectors& vectors) {
    *this << static_cast<std::uint64_t>(vectors.size());
    for (const auto& [name, vec] : vectors) *this << std::string_view(name) << vec;
    return *this;
  }
};

/// Reads them back; every length is checked against what is left before anything is allocated.
class In {
 public:
  explicit In(std::string_view bytes) : left_(bytes) {}
  template <class T>
    requires std::is_arithmetic_v<T>
  In& operator>>(T& value) {
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return *this;
  }
  In& operator>>(std::string& text) {
    text = take(length());
    return *this;
  }
  In& operator>>(Vec& vec) {
    std::uint8_t dtype = 0;
    *this >> dtype;
    if (dtype > 1) throw std::runtime_error("an unknown dtype");
    const std::uint64_t size = length();
    if (size > left_.size() / size_of(static_cast<Dtype>(dtype))) throw std::runtime_error("a vector that is too long");
    vec = Vec::uninitialized(size, static_cast<Dtype>(dtype));
    if (size > 0) std::memcpy(vec.data(), take(vec.bytes()).data(), vec.bytes());
    return *this;
  }
  In& operator>>(NamedVectors& vectors) {
    for (std::uint64_t n = length(); n > 0; --n) {
      std::string name;
      *this >> name;
      *this >> vectors[name];
    }
    return *this;
  }
  std::uint64_t length() {
    std::uint64_t n = 0;
    *this >> n;
    return n;
  }
  bool at_end() const { return left_.empty(); }

 private:
  std::string_view take(std::uint64_t bytes) {
    if (bytes > left_.size()) throw std::runtime_error("it ends early");
    const auto taken = left_.substr(0, bytes);
    left_.remove_prefix(bytes);
    return taken;
  }
  std::string_view left_;
};

std::string encode(const Checkpoint& c) {
  Out out;
  out.bytes.append(magic);
  out << format_version;
  for (const std::string* text :
       {&c.config_hash, &c.config, &c.fedsim_version, &c.libtorch_version, &c.trainer, &c.device, &c.isa})
    out << std::string_view(*text);
  out << c.round << c.last_norm << c.state.w << c.state.vectors << static_cast<std::uint64_t>(c.clients.size());
  for (const auto& [client, state] : c.clients) out << client << state.vectors;
  out.bytes += Hash().add(out.bytes).hex();
  return std::move(out.bytes);
}

Checkpoint decode(std::string_view bytes) {
  if (bytes.size() < magic.size() + sizeof format_version + trailer_bytes || !bytes.starts_with(magic))
    throw std::runtime_error("it is not a fedsim checkpoint");
  std::uint32_t version = 0;
  In(bytes.substr(magic.size())) >> version;
  if (version > format_version)
    throw std::runtime_error(fmt::format("format version {} needs a newer fedsim (this one reads up to {})", version,
                                         format_version));
  const auto body = bytes.substr(0, bytes.size() - trailer_bytes);
  if (Hash().add(body).hex() != bytes.substr(body.size())) throw std::runtime_error("its hash does not match its content");
  In in(body.substr(magic.size() + sizeof version));
  Checkpoint c;
  for (std::string* text :
       {&c.config_hash, &c.config, &c.fedsim_version, &c.libtorch_version, &c.trainer, &c.device, &c.isa})
    in >> *text;
  in >> c.round >> c.last_norm >> c.state.w >> c.state.vectors;
  for (std::uint64_t n = in.length(); n > 0; --n) {
    std::int64_t client = 0;
    in >> client;
    in >> c.clients[client].vectors;
  }
  if (!in.at_end()) throw std::runtime_error("there is something behind its end");
  return c;
}

fs::path previous_of(fs::path path) { return path += ".previous"; }

}  // namespace

fs::path checkpoint_path(const fs::path& result) { return fs::path(result).replace_extension(".ckpt"); }

void write_checkpoint(const fs::path& path, const Checkpoint& checkpoint) {
  const fs::path aside = fs::path(path) += ".new";
  write_file_synced(aside, encode(checkpoint));
  if (fs::exists(path)) rename_synced(path, previous_of(path));
  rename_synced(aside, path);
}

std::optional<Checkpoint> read_checkpoint(const fs::path& path, const std::function<void(const std::string&)>& warn) {
  std::string why;
  for (const fs::path& file : {path, previous_of(path)}) {
    if (!fs::exists(file)) continue;
    try {
      return decode(read_file(file));
    } catch (const std::exception& error) {
      const std::string problem = fmt::format("checkpoint {}: {}", file.string(), error.what());
      if (!why.empty()) why += "\n";
      why += problem;
      warn(fmt::format("{}; trying the one before", problem));
    }
  }
  if (why.empty()) return std::nullopt;
  throw OutputError(fmt::format("{}\nno checkpoint can be read: start afresh with --force", why));
}

void remove_checkpoints(const fs::path& path) {
  for (const fs::path& file : {path, previous_of(path)}) {
    std::error_code error;
    fs::remove(file, error);
    if (error) throw OutputError(fmt::format("cannot remove {}: {}", file.string(), error.message()));
  }
}

}  // namespace fedsim
