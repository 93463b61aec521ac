// Small random datasets for the tests of local training.
#pragma once

#include <cmath>
#include <memory>
#include <vector>

#include "data/dataset.h"
#include "train/local_sgd.h"

namespace fedsim::test {

/// Rows in memory: features N(0, 1) or token ids, labels uniform; every fifth target is padding where `padded`.
class ToySamples final : public Samples {
 public:
  ToySamples(std::int64_t rows, const Dataset& data, bool padded, std::uint64_t seed)
      : rows_(rows), sample_(elements(data.sample_shape)), targets_(data.targets) {
    Random random(seed, Purpose::data);
    for (std::int64_t i = 0; i < rows * sample_; ++i)
      x_.push_back(data.vocabulary > 0 ? static_cast<double>(random.below(static_cast<std::uint64_t>(data.vocabulary)))
                                       : static_cast<float>(random.normal()));
    for (std::int64_t i = 0; i < rows * targets_; ++i)
      y_.push_back(padded && i % 5 == 0 ? -1
                                        : static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(data.classes))));
  }
  std::int64_t size() const override { return rows_; }
  void gather(std::span<const std::int64_t> rows, float* x, std::int32_t* y) const override { copy(rows, x, y); }
  void gather(std::span<const std::int64_t> rows, double* x, std::int32_t* y) const override { copy(rows, x, y); }

 private:
  template <class T>
  void copy(std::span<const std::int64_t> rows, T* x, std::int32_t* y) const {
    for (const auto row : rows) {
      for (std::int64_t i = 0; i < sample_; ++i) *x++ = static_cast<T>(x_[static_cast<std::size_t>(row * sample_ + i)]);
      for (std::int64_t i = 0; i < targets_; ++i) *y++ = y_[static_cast<std::size_t>(row * targets_ + i)];
    }
  }
  std::int64_t rows_, sample_, targets_;
  std::vector<double> x_;
  std::vector<std::int32_t> y_;
};

struct Toy {
  std::int64_t rows = 23;
  Shape shape{6};
  std::int64_t classes = 4, targets = 1, vocabulary = 0;
  bool padded = false;
};

inline Dataset toy_data(const Toy& toy = {}) {
  Dataset data;
  data.name = "toy";
  data.sample_shape = toy.shape;
  data.classes = toy.classes;
  data.targets = toy.targets;
  data.vocabulary = toy.vocabulary;
  data.train = std::make_shared<ToySamples>(toy.rows, data, toy.padded, 1);
  data.test = std::make_shared<ToySamples>(toy.rows, data, toy.padded, 2);
  return data;
}

inline Round toy_round(ClientOptions local) {
  Round round;
  round.index = 3;
  round.client_lr = local.lr;
  round.local = local;
  round.seed = 5;
  return round;
}

/// The batches of rows 0..n-1 that local SGD takes, as the contract says: a shuffle an epoch from the stream
/// (seed, batches, round, client), the last partial batch kept.
inline std::vector<std::vector<std::int64_t>> expected_batches(const Round& round, std::int64_t client, std::int64_t n,
                                                               std::int64_t epochs) {
  Random random(round.seed, Purpose::batches, static_cast<std::uint64_t>(round.index),
                static_cast<std::uint64_t>(client));
  std::vector<std::int64_t> order;
  for (std::int64_t i = 0; i < n; ++i) order.push_back(i);
  std::vector<std::vector<std::int64_t>> batches;
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
    random.shuffle(std::span(order));
    for (std::int64_t first = 0; first < n; first += round.local.batch_size)
      batches.emplace_back(order.begin() + first, order.begin() + std::min(n, first + round.local.batch_size));
  }
  return batches;
}

inline double largest_difference(const Vec& a, const Vec& b) {
  double largest = a.size() == b.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) largest = std::max(largest, std::abs(a.at(i) - b.at(i)));
  return largest;
}

}  // namespace fedsim::test
