// Layer lists with random samples for the compiled trainer's tests.
#pragma once

#include <string>
#include <vector>

#include "catch.hpp"
#include "core/random.h"
#include "model/network.h"
#include "train/compiled/compiled.h"

namespace fedsim::test {

/// What build_network needs to know of a dataset; it holds no samples.
inline Dataset shaped(Shape sample, std::int64_t classes, std::int64_t targets = 1,
                      std::int64_t vocabulary = 0) {
  Dataset data;
  data.name = "random";
  data.sample_shape = std::move(sample);
  data.classes = classes;
  data.targets = targets;
  data.vocabulary = vocabulary;
  return data;
}

/// Random samples and targets in memory of their own.
template <class T>
struct RandomBatch {
  std::vector<T> x;
  std::vector<std::int32_t> y;
  Batch batch;

  RandomBatch(const Dataset& data, std::int64_t count, std::uint64_t seed) {
    Random random(seed, Purpose::data);
    for (std::int64_t i = 0; i < count * elements(data.sample_shape); ++i)
      x.push_back(data.vocabulary > 0
                      ? static_cast<T>(random.below(static_cast<std::uint64_t>(data.vocabulary)))
                      : static_cast<T>(random.uniform(-1, 1)));
    for (std::int64_t i = 0; i < count * data.targets; ++i)
      y.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(data.classes))));
    batch.x = x.data();
    batch.y = y.data();
    batch.count = count;
    batch.dropout = {.seed = seed, .purpose = Purpose::dropout};
  }
};

inline std::unique_ptr<Engine> compiled_engine(const Network& network, const Dataset& data, Dtype dtype) {
  std::string why_not;
  auto engine = make_compiled_engine(network, data, dtype, why_not);
  if (!engine) throw std::runtime_error(why_not);
  return engine;
}

/// First parameters, then moved a little so that biases and norms are not at their special values.
inline Vec random_parameters(const Network& network, std::uint64_t seed, Dtype dtype) {
  Vec w = initial_parameters(network, seed, dtype);
  Random random(seed, Purpose::model_init, 1);
  for (std::size_t i = 0; i < w.size(); ++i) w.set(i, w.at(i) + random.uniform(-0.1, 0.1));
  return w;
}

/// loss(start, its name) of a run: a start of the same name may be read once, others must be read anew.
template <class Loss>
void check_names_of_starts(const Loss& loss, const Vec& first, const Vec& second) {
  const double of_first = loss(first, 0), of_second = loss(second, 0);
  CHECK(of_first != of_second);
  CHECK(loss(first, 1) == of_first);
  CHECK(loss(first, 1) == of_first);
  CHECK(loss(second, 2) == of_second);
  CHECK(loss(first, 0) == of_first);
  CHECK(loss(second, 0) == of_second);
  CHECK(loss(first, 1) == of_first);
}

}  // namespace fedsim::test
