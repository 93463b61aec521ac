// Aligned memory that is recycled: vectors of the size of the model come and go with every client, and a fresh
// page costs more than the arithmetic on it.
#pragma once

#include <cstddef>
#include <utility>

namespace fedsim {

/// Uninitialised bytes, 64-byte aligned, from those that the calling thread has freed (it keeps twelve large buffers, and at
/// most 8 MiB of small ones). Copies copy the bytes. Throws std::bad_alloc.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t bytes);
  Buffer(const Buffer& other);
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Buffer& operator=(Buffer other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Buffer();

  /// Makes it at least this long; what was in it is lost where that takes other memory: true.
  bool grow(std::size_t bytes) {
    if (bytes <= bytes_) return false;
    *this = Buffer(bytes);
    return true;
  }

  /// False under AddressSanitizer, which then finds what is read after it was freed.
  static bool keeps_freed();

  void* data() { return data_; }
  const void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace fedsim
