// Max pooling, channels last: windows outside, channels inside.
#pragma once

#include "train/compiled/kernels.h"
#include "train/compiled/simd.h"

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
void maxpool(const Pooling& p, const T* x, T* y, T* where) {
  for (Index oy = 0; oy < p.out_height; ++oy)
    for (Index ox = 0; ox < p.out_width; ++ox) {
      const Index out = (oy * p.out_width + ox) * p.channels;
      for_vectors<T>(p.channels, [&](auto channels) {
        Vector<T> best{}, place{};
        bool first = true;
        window(p, oy, ox, [&](std::int32_t at, Index pixel) {
          const Vector<T> value = channels.get(x + pixel * p.channels), here = broadcast(static_cast<T>(at));
          const auto better = (value > best) | (value != value);  // NaN wins, as in torch
          best = first ? value : better ? value : best;
          place = first ? here : better ? here : place;
          first = false;
        });
        channels.put(y + out, best);
        channels.put(where + out, place);
      });
    }
}

template <class T>
void maxpool_gradient(const Pooling& p, const T* dy, const T* where, T* dx) {
  for (Index oy = 0; oy < p.out_height; ++oy)
    for (Index ox = 0; ox < p.out_width; ++ox) {
      const Index out = (oy * p.out_width + ox) * p.channels;
      for_vectors<T>(p.channels, [&](auto channels) {
        const Vector<T> gradient = channels.get(dy + out), place = channels.get(where + out);
        window(p, oy, ox, [&](std::int32_t at, Index pixel) {
          T* to = dx + pixel * p.channels;
          const auto here = place == broadcast(static_cast<T>(at));
          channels.put(to, channels.get(to) + (here ? gradient : Vector<T>{}));
        });
      });
    }
}

}  // namespace
}  // namespace fedsim::compiled
