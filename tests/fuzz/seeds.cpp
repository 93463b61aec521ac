#include <array>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "core/hdf5/file.h"
#include "fuzz/targets.h"
#include "record/checkpoint.h"
#include "record/fixture.hpp"

namespace fedsim::fuzz {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  file.close();
  if (!file) throw std::runtime_error("can't write " + path.string());
}

std::string little(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

/// Version 1.0 of NPY.
std::string npy(const std::string& type, const std::string& shape, const std::string& values) {
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  return std::string("\x93NUMPY\x01\x00", 8) + little(header.size(), 2) + header + values;
}

std::uint32_t crc32(const std::string& bytes) {
  std::uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc ^= static_cast<std::uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xEDB88320u : 0u);
  }
  return ~crc;
}

/// An archive of stored entries.
std::string zip(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string files, directory;
  for (const auto& [name, bytes] : entries) {
    const std::string common = little(20, 2) + little(0, 2) + little(0, 2) + little(0, 4) +
                               little(crc32(bytes), 4) + little(bytes.size(), 4) + little(bytes.size(), 4) +
                               little(name.size(), 2) + little(0, 2);
    directory += std::string("PK\x01\x02") + little(20, 2) + common + little(0, 2) + little(0, 2) +
                 little(0, 2) + little(0, 4) + little(files.size(), 4) + name;
    files += std::string("PK\x03\x04") + common + name + bytes;
  }
  return files + directory + "PK\x05\x06" + little(0, 4) + little(entries.size(), 2) +
         little(entries.size(), 2) + little(directory.size(), 4) + little(files.size(), 4) + little(0, 2);
}

void write_hdf5_data(const fs::path& path) {
  auto file = hdf5::File::create(path);
  auto root = file.root();
  const std::array<float, 8> x{0, 1, 2, 3, 4, 5, 6, 7};
  const std::array<std::int32_t, 4> y{0, 1, 1, 0};
  const std::array<std::int64_t, 4> users{1, 1, 2, 2};
  for (const char* name : {"train", "test"}) {
    auto group = root.create_group(name);
    group.write<float>("x", {4, 2}, x);
    group.write<std::int32_t>("y", {4}, y);
    if (std::string(name) == "train") group.write<std::int64_t>("users", {4}, users);
  }
  file.close();
}

Checkpoint small_checkpoint() {
  Checkpoint checkpoint;
  checkpoint.config = "rounds = 5\n";
  checkpoint.round = 3;
  checkpoint.state.w = test::model();
  checkpoint.state.vectors["c"] = test::model();
  return checkpoint;
}

}  // namespace

void write_seeds(const fs::path& folder) {
  for (const auto& [name, target] : targets()) fs::create_directories(folder / name);
  const std::string one("\0\0\x80\x3f", 4), x = one + one + one + one, y("\0\1\1\0", 4);
  write(folder / "npy/floats", npy("<f4", "(2, 2)", x));
  write(folder / "npy/bytes", npy("|u1", "(4,)", y));
  write(folder / "npz/small", zip({{"x.npy", npy("<f4", "(4, 1)", x)},
                                   {"y.npy", npy("|u1", "(4,)", y)},
                                   {"x_test.npy", npy("<f4", "(4, 1)", x)},
                                   {"y_test.npy", npy("|u1", "(4,)", y)}}));
  write(folder / "idx/labels", std::string("\0\0\x08\x01\0\0\0\4", 8) + y);
  write(folder / "idx/images", std::string("\0\0\x08\x03\0\0\0\1\0\0\0\2\0\0\0\2", 16) + y);
  for (const char* name : {"hdf5/small", "result/complete", "checkpoint/small"}) fs::remove(folder / name);
  write_hdf5_data(folder / "hdf5/small");
  write_checkpoint(folder / "checkpoint/small", small_checkpoint());
  const fs::path aside = folder / "written.h5";
  auto header = test::header(aside, 2);
  header.force = true;
  { test::write_all(header, 3, "complete"); }
  fs::rename(aside, folder / "result/complete");
  fs::remove(folder / "written.jsonl");
}

}  // namespace fedsim::fuzz
