// Max pooling, channels last: windows outside, channels inside.
#pragma once

#include "train/compiled/kernels.h"

namespace fedsim::compiled {
namespace {

/// Calls visit(place in the window, pixel) for the pixels of a window that are inside the image.
template <class Visit>
inline void window(const Pooling& p, Index out_y, Index out_x, Visit visit) {
  for (Index ky = 0; ky < p.kernel; ++ky) {
    const Index y = out_y * p.stride - p.padding + ky;
    if (y < 0 || y >= p.height) continue;
    for (Index kx = 0; kx < p.kernel; ++kx) {
      const Index x = out_x * p.stride - p.padding + kx;
      if (x >= 0 && x < p.width) visit(static_cast<std::int32_t>(ky * p.kernel + kx), y * p.width + x);
    }
  }
}

template <class T>
void maxpool(const Pooling& p, const T* x, T* y, std::int32_t* where) {
  for (Index oy = 0; oy < p.out_height; ++oy)
    for (Index ox = 0; ox < p.out_width; ++ox) {
      T* best = y + (oy * p.out_width + ox) * p.channels;
      std::int32_t* place = where + (oy * p.out_width + ox) * p.channels;
      bool first = true;
      window(p, oy, ox, [&](std::int32_t at, Index pixel) {
        const T* value = x + pixel * p.channels;
        if (first) {
          for (Index c = 0; c < p.channels; ++c) best[c] = value[c], place[c] = at;
          first = false;
          return;
        }
        for (Index c = 0; c < p.channels; ++c) {
          const bool better = (value[c] > best[c]) | (value[c] != value[c]);  // NaN wins, as in torch
          best[c] = better ? value[c] : best[c];
          place[c] = better ? at : place[c];
        }
      });
    }
}

template <class T>
void maxpool_gradient(const Pooling& p, const T* dy, const std::int32_t* where, T* dx) {
  for (Index oy = 0; oy < p.out_height; ++oy)
    for (Index ox = 0; ox < p.out_width; ++ox) {
      const Index out = (oy * p.out_width + ox) * p.channels;
      window(p, oy, ox, [&](std::int32_t at, Index pixel) {
        T* to = dx + pixel * p.channels;
        for (Index c = 0; c < p.channels; ++c) to[c] += where[out + c] == at ? dy[out + c] : T(0);
      });
    }
}

}  // namespace
}  // namespace fedsim::compiled
