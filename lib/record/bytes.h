// Fields to bytes and back, little endian: what checkpoints and the store of client states are made of.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/vec.h"

namespace fedsim {

static_assert(std::endian::native == std::endian::little, "these formats are little endian");

/// Appends fields to a byte string.
class ByteWriter {
 public:
  std::string bytes;
  template <class T>
    requires std::is_arithmetic_v<T>
  ByteWriter& operator<<(T value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  ByteWriter& operator<<(std::string_view text) {
    *this << static_cast<std::uint64_t>(text.size());
    bytes.append(text);
    return *this;
  }
  ByteWriter& operator<<(const Vec& vec) {
    *this << static_cast<std::uint8_t>(vec.dtype()) << static_cast<std::uint64_t>(vec.size());
    if (!vec.empty()) bytes.append(static_cast<const char*>(vec.data()), vec.bytes());
    return *this;
  }
  ByteWriter& operator<<(const NamedVectors& vectors) {
    *this << static_cast<std::uint64_t>(vectors.size());
    for (const auto& [name, vec] : vectors) *this << std::string_view(name) << vec;
    return *this;
  }
};

/// Reads them back; every length is checked against what is left before anything is allocated.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : left_(bytes) {}
  template <class T>
    requires std::is_arithmetic_v<T>
  ByteReader& operator>>(T& value) {
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return *this;
  }
  ByteReader& operator>>(std::string& text) {
    text = take(length());
    return *this;
  }
  ByteReader& operator>>(Vec& vec) {
    std::uint8_t dtype = 0;
    *this >> dtype;
    if (dtype > 1) throw std::runtime_error("an unknown dtype");
    const std::uint64_t size = length();
    if (size > left_.size() / size_of(static_cast<Dtype>(dtype))) throw std::runtime_error("a vector that is too long");
    vec = Vec::uninitialized(size, static_cast<Dtype>(dtype));
    if (size > 0) std::memcpy(vec.data(), take(vec.bytes()).data(), vec.bytes());
    return *this;
  }
  ByteReader& operator>>(NamedVectors& vectors) {
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

}  // namespace fedsim
