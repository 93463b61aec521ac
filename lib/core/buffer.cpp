#include "core/buffer.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <new>

#include "core/memory.h"

namespace fedsim {
namespace {

constexpr std::size_t alignment = 64;
constexpr std::size_t smallest_kept = 4096;  // below, malloc is as quick

/// A few freed buffers of this thread, newest last.
struct FreeList {
  struct Slot {
    void* data;
    std::size_t bytes;
  };
  std::array<Slot, 12> slots{};
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
    if (used == slots.size()) {  // the oldest goes: sizes of an earlier model would stay for ever
      std::free(slots[0].data);
      std::memmove(slots.data(), slots.data() + 1, (--used) * sizeof(Slot));
    }
    slots[used++] = {data, bytes};
  }
  ~FreeList() {
    for (std::size_t i = 0; i < used; ++i) std::free(slots[i].data);
    used = 0;
    alive = false;
  }
  static thread_local bool alive;  // false once destroyed: static Vecs may outlive it
};
thread_local bool FreeList::alive = true;
thread_local FreeList free_list;

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

Buffer::Buffer(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  const std::size_t size = rounded(bytes);
  if (size >= smallest_kept && FreeList::alive) data_ = free_list.take(size);
  if (data_ == nullptr) data_ = allocated(size);
  if (data_ == nullptr) throw std::bad_alloc();
}

Buffer::Buffer(const Buffer& other) : Buffer(other.bytes_) {
  if (bytes_ > 0) std::memcpy(data_, other.data_, bytes_);
}

Buffer::~Buffer() {
  if (data_ == nullptr) return;
  const std::size_t size = rounded(bytes_);
  if (size >= smallest_kept && FreeList::alive)
    free_list.keep(data_, size);
  else
    std::free(data_);
}

}  // namespace fedsim
