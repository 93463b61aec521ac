// Samples in memory, in the type in which they were stored: uint8 images stay uint8 (47 MB of Fashion-MNIST,
// not 188 MB), and are scaled while a batch is gathered.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "data/dataset.h"

namespace fedsim {

/// [n, elements] features as stored. int32: token ids, or whole numbers.
using Features = std::variant<std::vector<std::uint8_t>, std::vector<float>, std::vector<double>,
                              std::vector<std::int32_t>>;
std::int64_t count(const Features& features);
std::size_t bytes(const Features& features);

/// value = (stored - shift[c]) / divisor[c]; feature i belongs to group c = i / (elements / groups): a
/// channel of an image, or each feature a group of its own. Empty: values as stored.
struct Scale {
  std::vector<double> shift;    // [groups]
  std::vector<double> divisor;  // [groups], never 0
  bool identity() const { return shift.empty(); }
};

/// data.scale for a training set: "unit" x/255 and "symmetric" x/127.5 - 1 concern stored uint8 only;
/// "standard" takes mean and standard deviation (of the population) of the training set, per channel of
/// images (shapes of three dimensions), else per feature, a deviation of 0 counting as 1; "none" leaves
/// everything. Tokens are never scaled.
Scale make_scale(const std::string& name, const Features& train, const Shape& shape, bool tokens);

class MemorySamples final : public Samples {
 public:
  /// x: [n, elements], y: [n, targets].
  MemorySamples(Features x, std::vector<std::int32_t> y, std::int64_t elements, std::int64_t targets,
                Scale scale);
  std::int64_t size() const override { return size_; }
  void gather(std::span<const std::int64_t> rows, float* x, std::int32_t* y) const override;
  void gather(std::span<const std::int64_t> rows, double* x, std::int32_t* y) const override;
  float byte_divisor() const override;
  void find(std::span<const std::int64_t> rows, const std::uint8_t** x, std::int32_t* y) const override;
  void expect(std::span<const std::int64_t> rows, const std::uint8_t** x) const override;
  void prefetch(std::span<const std::int64_t> rows) const override;

 private:
  template <class T>
  void gather_as(std::span<const std::int64_t> rows, T* x, std::int32_t* y) const;
  std::int32_t* copy_targets(std::int64_t row, std::int32_t* y) const {
    const std::int32_t* from = y_.data() + row * targets_;
    for (std::int64_t i = 0; i < targets_; ++i) y[i] = from[i];  // one as a rule
    return y + targets_;
  }

  Features x_;
  std::vector<std::int32_t> y_;
  std::int64_t size_, elements_, targets_;
  Scale scale_;
};

}  // namespace fedsim
