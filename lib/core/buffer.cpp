#include "core/buffer.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <new>

#include "core/memory.h"

namespace fedsim {
namespace {

constexpr std::size_t alignment = 64;
constexpr std::size_t largest_small = std::size_t{64} << 10;
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FEDSIM_FREE_AT_ONCE
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define FEDSIM_FREE_AT_ONCE
#endif
#if defined(FEDSIM_FREE_AT_ONCE)
constexpr bool keeps = false;
#else
constexpr bool keeps = true;
#endif

/// Freed buffers, newest last.
template <std::size_t Slots>
struct FreeList {
  struct Slot {
    void* data;
    std::size_t bytes;
  };
  std::array<Slot, Slots> slots{};
  std::size_t used = 0;

  void* take(std::size_t bytes) {
    for (std::size_t i = used; i-- > 0;)
      if (slots[i].bytes == bytes) {
        void* data = slots[i].data;
        slots[i] = slots[--used];
        return data;
      }
    return nullptr;
  }
  void keep(void* data, std::size_t bytes) {
    if (used == slots.size()) {  // an old one goes: sizes of an earlier model would stay for ever
      std::free(slots[0].data);
      std::memmove(slots.data(), slots.data() + 1, (--used) * sizeof(Slot));
    }
    slots[used++] = {data, bytes};
  }
  ~FreeList() {
    for (std::size_t i = 0; i < used; ++i) std::free(slots[i].data);
  }
};

/// Of this thread: most of what clients whose changes wait for each other hold, and a few vectors of the size of the model.
struct FreeLists {
  FreeList<128> small;
  FreeList<12> large;
  ~FreeLists() { alive = false; }

  void* take(std::size_t bytes) { return bytes <= largest_small ? small.take(bytes) : large.take(bytes); }
  void keep(void* data, std::size_t bytes) { bytes <= largest_small ? small.keep(data, bytes) : large.keep(data, bytes); }
  static thread_local bool alive;  // false once destroyed: static Vecs may outlive it
};
thread_local bool FreeLists::alive = true;
thread_local FreeLists free_lists;

std::size_t rounded(std::size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

/// Models of millions of parameters in large pages, or in small ones where the system has none left. Null: no memory.
void* allocated(std::size_t bytes) {
  const bool large = bytes >= 2 * large_page;
  void* data = nullptr;
  if (::posix_memalign(&data, large ? large_page : alignment, bytes) != 0) return nullptr;
  if (large) advise_large_pages(data, bytes);
  return data;
}

}  // namespace

bool Buffer::keeps_freed() { return keeps; }

Buffer::Buffer(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  const std::size_t size = rounded(bytes);
  if (keeps && FreeLists::alive) data_ = free_lists.take(size);
  if (data_ == nullptr) data_ = allocated(size);
  if (data_ == nullptr) throw std::bad_alloc();
}

Buffer::Buffer(const Buffer& other) : Buffer(other.bytes_) {
  if (bytes_ > 0) std::memcpy(data_, other.data_, bytes_);
}

Buffer::~Buffer() {
  if (data_ == nullptr) return;
  const std::size_t size = rounded(bytes_);
  if (keeps && FreeLists::alive)
    free_lists.keep(data_, size);
  else
    std::free(data_);
}

}  // namespace fedsim
