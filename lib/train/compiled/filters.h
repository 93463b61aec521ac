// The filters of a convolution between torch's order, [f, c, ky, kx], and the orders that its products read.
#pragma once

#include <algorithm>

#include "train/compiled/kernels.h"

namespace fedsim::compiled {

template <class T>
struct Filters {
  Index filters, channels, area;  // area: ky and kx as one index k

  /// To panels of at most `panel` filters, each [k, c, f].
  void pack(const T* w, Index panel, T* packed) const {
    for (Index first = 0; first < filters; first += panel) {
      const Index columns = std::min(panel, filters - first);
      each_block(first, first + columns, [&](Block& block, Index f, Index count) {
        for (Index j = 0; j < count; ++j) std::copy_n(w + (f + j) * length() + block.first, block.size, block.run[j]);
        each_place(block, [&](Index i, Index row) {
          T* to = packed + first * length() + row * columns + f - first;
          for (Index j = 0; j < count; ++j) to[j] = block.run[j][i];
        });
      });
    }
  }

  /// To panels of at most `panel` channels, each [mirrored k, f, c]: the filters of the gradient of the input.
  void pack_mirrored(const T* w, Index panel, T* packed) const {
    for (Index first = 0; first < channels; first += panel) {
      const Index columns = std::min(panel, channels - first);
      T* to = packed + first * filters * area;
      for (Index f = 0; f < filters; ++f)
        for (Index k = 0; k < area; ++k)
          for (Index c = 0; c < columns; ++c)
            to[((area - 1 - k) * filters + f) * columns + c] = w[(f * channels + first + c) * area + k];
    }
  }

  /// From [k, c, f].
  void unpack(const T* packed, T* gradient) const {
    each_block(0, filters, [&](Block& block, Index f, Index count) {
      each_place(block, [&](Index i, Index row) {
        const T* from = packed + row * filters + f;
        for (Index j = 0; j < count; ++j) block.run[j][i] = from[j];
      });
      for (Index j = 0; j < count; ++j) std::copy_n(block.run[j], block.size, gradient + (f + j) * length() + block.first);
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

  Index length() const { return channels * area; }

  /// Calls visit(block, its first filter, filters of it).
  template <class Visit>
  void each_block(Index first, Index last, Visit visit) const {
    Block block;
    for (Index f = first; f < last; f += Block::most)
      for (block.first = 0; block.first < length(); block.first += Block::length) {
        block.size = std::min(Block::length, length() - block.first);
        visit(block, f, std::min(Block::most, last - f));
      }
  }

  /// Calls visit(i, row of [k, c]) for the values [c, k] of a block.
  template <class Visit>
  void each_place(const Block& block, Visit visit) const {
    Index c = block.first / area, k = block.first % area;
    for (Index i = 0; i < block.size; ++i) {
      visit(i, k * channels + c);
      if (++k == area) k = 0, ++c;
    }
  }
};

}  // namespace fedsim::compiled
