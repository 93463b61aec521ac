// Group norm and layer norm. Channels are innermost: every channel has sums of its own, in double, that its group
// then shares.
#pragma once

#include "train/compiled/kernels.h"

namespace fedsim::compiled {
namespace {

/// Every channel's sum becomes its group's mean.
template <class T>
void spread(const Normalisation<T>& n, double* sums) {
  const Index width = n.channels / n.groups;
  const double count = static_cast<double>(n.pixels * width);
  for (Index first = 0; first < n.channels; first += width) {
    double sum = 0;
    for (Index c = first; c < first + width; ++c) sum += sums[c];
    for (Index c = first; c < first + width; ++c) sums[c] = sum / count;
  }
}

template <class T>
void normalise(const Normalisation<T>& n, const T* __restrict x, T* __restrict xhat, T* __restrict y, double* inverse) {
  const Index channels = n.channels;
  double* __restrict sums = n.sums;
  double* __restrict squares = n.sums + channels;
  for (Index c = 0; c < channels; ++c) sums[c] = squares[c] = 0;
  for (Index p = 0; p < n.pixels; ++p)
    for (Index c = 0; c < channels; ++c) sums[c] += static_cast<double>(x[p * channels + c]);
  spread(n, sums);
  for (Index p = 0; p < n.pixels; ++p)
    for (Index c = 0; c < channels; ++c) {
      const double centred = static_cast<double>(x[p * channels + c]) - sums[c];
      squares[c] += centred * centred;
    }
  spread(n, squares);
  T* __restrict mean = n.factors;
  T* __restrict scale = n.factors + channels;
  for (Index c = 0; c < channels; ++c) {
    squares[c] = 1 / __builtin_sqrt(squares[c] + 1e-5);
    mean[c] = static_cast<T>(sums[c]);
    scale[c] = static_cast<T>(squares[c]);
  }
  for (Index g = 0; g < n.groups; ++g) inverse[g] = squares[g * (channels / n.groups)];
  const T *__restrict w = n.weight, *__restrict b = n.bias;
  for (Index p = 0; p < n.pixels; ++p)
    for (Index c = 0; c < channels; ++c) {
      const Index i = p * channels + c;
      const T value = (x[i] - mean[c]) * scale[c];
      xhat[i] = value;
      y[i] = w[c] * value + b[c];
    }
}

/// dx = gain dy - mean - slope xhat, where the sums over the sample have become factors of each channel.
template <class T>
void normalise_gradient(const Normalisation<T>& n, const T* __restrict xhat, const double* inverse, bool need_dx,
                        T* __restrict dy, double* d_bias, double* d_weight) {
  const Index channels = n.channels, width = channels / n.groups;
  double* __restrict sums = n.sums;
  double* __restrict weighted = n.sums + channels;
  for (Index c = 0; c < channels; ++c) sums[c] = weighted[c] = 0;
  for (Index p = 0; p < n.pixels; ++p)
    for (Index c = 0; c < channels; ++c) {
      const Index i = p * channels + c;
      sums[c] += static_cast<double>(dy[i]);
      weighted[c] += static_cast<double>(dy[i]) * static_cast<double>(xhat[i]);
    }
  for (Index c = 0; c < channels; ++c) {
    d_bias[c] += sums[c];
    d_weight[c] += weighted[c];
    sums[c] *= static_cast<double>(n.weight[c]);
    weighted[c] *= static_cast<double>(n.weight[c]);
  }
  if (!need_dx) return;
  spread(n, sums);
  spread(n, weighted);
  T* __restrict gain = n.factors;
  T* __restrict mean = n.factors + channels;
  T* __restrict slope = n.factors + 2 * channels;
  for (Index c = 0; c < channels; ++c) {
    gain[c] = static_cast<T>(static_cast<double>(n.weight[c]) * inverse[c / width]);
    mean[c] = static_cast<T>(sums[c] * inverse[c / width]);
    slope[c] = static_cast<T>(weighted[c] * inverse[c / width]);
  }
  for (Index p = 0; p < n.pixels; ++p)
    for (Index c = 0; c < channels; ++c) {
      const Index i = p * channels + c;
      dy[i] = gain[c] * dy[i] - mean[c] - slope[c] * xhat[i];
    }
}

}  // namespace
}  // namespace fedsim::compiled
