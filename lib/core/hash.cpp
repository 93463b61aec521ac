#include "core/hash.h"

#include <sodium.h>

#include <array>
#include <stdexcept>

namespace fedsim {

struct Hash::Impl {
  crypto_generichash_state state;
};

Hash::Hash() : impl_(std::make_unique<Impl>()) {
  if (sodium_init() < 0 || crypto_generichash_init(&impl_->state, nullptr, 0, crypto_generichash_BYTES) != 0)
    throw std::runtime_error("libsodium could not start");
}

Hash::Hash(const Hash& other) : impl_(std::make_unique<Impl>(*other.impl_)) {}

Hash& Hash::operator=(const Hash& other) {
  *impl_ = *other.impl_;
  return *this;
}

Hash::~Hash() = default;

Hash& Hash::add(const void* data, std::size_t bytes) {
  if (crypto_generichash_update(&impl_->state, static_cast<const unsigned char*>(data), bytes) != 0)
    throw std::runtime_error("BLAKE2b failed");
  return *this;
}

std::string Hash::hex() {
  std::array<unsigned char, crypto_generichash_BYTES> digest{};
  if (crypto_generichash_final(&impl_->state, digest.data(), digest.size()) != 0)
    throw std::runtime_error("BLAKE2b failed");
  std::string text(2 * digest.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), digest.data(), digest.size());
  text.pop_back();
  return text;
}

}  // namespace fedsim
