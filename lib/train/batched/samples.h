// The training samples where the training is: on the device once, or read on the host for each batch.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <span>

#include "core/random.h"
#include "data/dataset.h"

namespace fedsim::batched {

class DeviceSamples {
 public:
  DeviceSamples(const Dataset& data, at::ScalarType type, at::Device device);
  /// True where the device may hold all samples. Samples that are made on draw, or larger than the limit, are
  /// read on the host. It changes no value.
  bool resident() const { return resident_; }

  struct Batch {
    at::Tensor x;  // [n, sample...]
    at::Tensor y;  // [n, targets] int64
  };
  /// Samples of the rows [n] int64, gathered on the device; the first call brings them there. Only where
  /// resident.
  Batch gather(const at::Tensor& rows);
  /// Samples of `rows` from the host into `x` [n, sample] and `y` [n, targets], on the host.
  void read(std::span<const std::int64_t> rows, void* x, std::int32_t* y) const;

  const Shape& shape() const { return data_.sample_shape; }
  std::int64_t size() const { return sample_; }
  std::int64_t targets() const { return data_.targets; }
  at::ScalarType type() const { return type_; }

 private:
  void upload();

  const Dataset& data_;
  at::ScalarType type_;
  at::Device device_;
  std::int64_t sample_;  // numbers
  bool resident_;
  at::Tensor x_, y_;  // all of them, once used
};

}  // namespace fedsim::batched
