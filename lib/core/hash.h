// BLAKE2b-256 (libsodium), for config and content hashes.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace fedsim {

class Hash {
 public:
  Hash();
  Hash(const Hash& other);  // goes on by itself: the digest so far is Hash(running).hex()
  Hash& operator=(const Hash& other);
  ~Hash();
  Hash& add(const void* data, std::size_t bytes);
  Hash& add(std::string_view text) { return add(text.data(), text.size()); }
  std::string hex();  // 64 characters; ends the hash

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fedsim
