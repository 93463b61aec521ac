#include "record/checkpoint.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "record/bytes.h"

namespace fedsim {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view magic = "FEDSIMCK";
constexpr std::uint32_t format_version = 2;
constexpr std::size_t trailer_bytes = 64;

std::string encode(const Checkpoint& c) {
  ByteWriter out;
  out.bytes.append(magic);
  out << format_version;
  for (const std::string* text : {&c.config_hash, &c.config, &c.fedsim_version, &c.libtorch_version, &c.trainer,
                                  &c.device, &c.isa, &c.resumed_on})
    out << std::string_view(*text);
  out << c.round << c.state.w << c.state.vectors << static_cast<std::uint64_t>(c.clients.size());
  for (const auto& [client, state] : c.clients) out << client << state.vectors;
  out << std::string_view(c.store.id) << c.store.previous;
  out.bytes += Hash().add(out.bytes).hex();
  return std::move(out.bytes);
}

/// Version 1 (the first 0.1.0): no resumed_on, the norm of the last mean update behind the round, no store.
Checkpoint decode_body(ByteReader& in, std::uint32_t version) {
  Checkpoint c;
  for (std::string* text :
       {&c.config_hash, &c.config, &c.fedsim_version, &c.libtorch_version, &c.trainer, &c.device, &c.isa})
    in >> *text;
  if (version >= 2) in >> c.resumed_on;
  in >> c.round;
  if (double last_norm = 0; version == 1) in >> last_norm;
  in >> c.state.w >> c.state.vectors;
  for (std::uint64_t n = in.length(); n > 0; --n) {
    std::int64_t client = 0;
    in >> client;
    in >> c.clients[client].vectors;
  }
  if (version >= 2) in >> c.store.id >> c.store.previous;
  if (!in.at_end()) throw std::runtime_error("there is something behind its end");
  return c;
}

Checkpoint decode(std::string_view bytes) {
  if (bytes.size() < magic.size() + sizeof format_version + trailer_bytes || !bytes.starts_with(magic))
    throw std::runtime_error("it is not a fedsim checkpoint");
  std::uint32_t version = 0;
  ByteReader(bytes.substr(magic.size())) >> version;
  if (version == 0) throw std::runtime_error("there is no format version 0");
  if (version > format_version)
    throw std::runtime_error(fmt::format("format version {} needs a newer fedsim (this one reads up to {})", version,
                                         format_version));
  const auto body = bytes.substr(0, bytes.size() - trailer_bytes);
  if (Hash().add(body).hex() != bytes.substr(body.size())) throw std::runtime_error("its hash does not match its content");
  ByteReader in(body.substr(magic.size() + sizeof version));
  return decode_body(in, version);
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
      Checkpoint checkpoint = decode(read_file(file));
      checkpoint.fell_back = !why.empty();
      return checkpoint;
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

void remove_newest_checkpoint(const fs::path& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error) throw OutputError(fmt::format("cannot remove {}: {}", path.string(), error.message()));
}

void remove_checkpoints(const fs::path& path) {
  for (const fs::path& file : {path, previous_of(path)}) {
    std::error_code error;
    fs::remove(file, error);
    if (error) throw OutputError(fmt::format("cannot remove {}: {}", file.string(), error.message()));
  }
}

}  // namespace fedsim
