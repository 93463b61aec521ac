// The filters of a convolution between torch's order, [f, c, ky, kx], and the orders that its products read.
#pragma once

#include <algorithm>

#include "train/compiled/kernels.h"

namespace fedsim::compiled {

/// Of channels, filters, tiles, ...
struct Range {
  Index first, count;
};

/// In one direction of a kernel: first, first + step, ...
struct Taps {
  Index first, step, count;
};

/// All values of a range of channels and filters, packed side by side.
template <class T>
struct Filters {
  Index channels, kernel;

  Index area() const { return kernel * kernel; }  // ky and kx as one index k

  /// [k, c, f]
  void pack(const T* w, Range c, Range f, T* packed) const {
    each_block(c, f, [&](Block& block, Index at, Index count) {
      for (Index j = 0; j < count; ++j)
        std::copy_n(w + (f.first + at + j) * length() + block.first, block.size, block.run[j]);
      each_place(block, c, [&](Index i, Index row) {
        T* to = packed + row * f.count + at;
        for (Index j = 0; j < count; ++j) to[j] = block.run[j][i];
      });
    });
  }

  /// [last tap to first, f, c], only some taps: the filters of the gradient of the input.
  void pack_mirrored(const T* w, Range f, Range c, Taps down, Taps across, T* packed) const {
    for (Index j = 0; j < f.count; ++j) {
      const T* from = w + ((f.first + j) * channels + c.first) * area();
      T* to = packed + j * c.count;
      for (Index y = down.count; y-- > 0;)
        for (Index x = across.count; x-- > 0; to += f.count * c.count) {
          const T* tap = from + (down.first + y * down.step) * kernel + across.first + x * across.step;
          for (Index i = 0; i < c.count; ++i) to[i] = tap[i * area()];
        }
    }
  }

  /// From [k, c, f].
  void unpack(const T* packed, Range c, Range f, T* gradient) const {
    each_block(c, f, [&](Block& block, Index at, Index count) {
      each_place(block, c, [&](Index i, Index row) {
        const T* from = packed + row * f.count + at;
        for (Index j = 0; j < count; ++j) block.run[j][i] = from[j];
      });
      for (Index j = 0; j < count; ++j)
        std::copy_n(block.run[j], block.size, gradient + (f.first + at + j) * length() + block.first);
    });
  }

 private:
  /// Parts of some filters, [first, first + size) of each: strides of powers of two on both sides would fight for a
  /// few lines of the cache, so that it goes through this, a line at a time.
  struct Block {
    static constexpr Index most = 16, length = 128;
    Index first, size;
    T run[most][length + 16];
  };

  Index length() const { return channels * area(); }

  /// Calls visit(block, its first filter counted from f.first, filters of it).
  template <class Visit>
  void each_block(Range c, Range f, Visit visit) const {
    Block block;
    const Index last = (c.first + c.count) * area();
    for (Index at = 0; at < f.count; at += Block::most)
      for (block.first = c.first * area(); block.first < last; block.first += Block::length) {
        block.size = std::min(Block::length, last - block.first);
        visit(block, at, std::min(Block::most, f.count - at));
      }
  }

  /// Calls visit(i, row of [k, c]) for the values [c, k] of a block.
  template <class Visit>
  void each_place(const Block& block, Range c, Visit visit) const {
    Index channel = block.first / area() - c.first, k = block.first % area();
    for (Index i = 0; i < block.size; ++i) {
      visit(i, k * c.count + channel);
      if (++k == area()) k = 0, ++channel;
    }
  }
};

}  // namespace fedsim::compiled
