#include "train/batched/samples.h"

#include <numeric>

namespace fedsim::batched {
namespace {

constexpr std::int64_t resident_limit = std::int64_t{8}
                                        << 30;  // bytes; a constant, not what happens to be free
constexpr std::int64_t upload_rows = 4096;

}  // namespace

DeviceSamples::DeviceSamples(const Dataset& data, at::ScalarType type, at::Device device)
    : data_(data),
      type_(type),
      device_(device),
      sample_(elements(data.sample_shape)),
      resident_(!data.generated_on_draw && data.train &&
                data.train->size() * sample_ * static_cast<std::int64_t>(at::elementSize(type)) <=
                    resident_limit) {}

void DeviceSamples::read(std::span<const std::int64_t> rows, void* x, std::int32_t* y) const {
  if (type_ == at::kFloat)
    data_.train->gather(rows, static_cast<float*>(x), y);
  else
    data_.train->gather(rows, static_cast<double*>(x), y);
}

void DeviceSamples::upload() {
  const std::int64_t n = data_.train->size();
  x_ = at::empty({n, sample_}, at::TensorOptions(type_).device(device_));
  y_ = at::empty({n, data_.targets}, at::TensorOptions(at::kLong).device(device_));
  std::vector<std::int64_t> rows;
  for (std::int64_t first = 0; first < n; first += upload_rows) {
    rows.resize(static_cast<std::size_t>(std::min(upload_rows, n - first)));
    std::iota(rows.begin(), rows.end(), first);
    const auto count = static_cast<std::int64_t>(rows.size());
    const at::Tensor x = at::empty({count, sample_}, type_), y = at::empty({count, data_.targets}, at::kInt);
    read(rows, x.mutable_data_ptr(), y.mutable_data_ptr<std::int32_t>());
    x_.narrow(0, first, count).copy_(x);
    y_.narrow(0, first, count).copy_(y);
  }
}

DeviceSamples::Batch DeviceSamples::gather(const at::Tensor& rows) {
  if (!x_.defined()) upload();
  std::vector<std::int64_t> shape = data_.sample_shape;
  shape.insert(shape.begin(), rows.size(0));
  return {x_.index_select(0, rows).reshape(shape), y_.index_select(0, rows)};
}

}  // namespace fedsim::batched
