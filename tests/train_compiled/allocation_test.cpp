// No step of the steady state allocates: counted in this program's operator new. Not with AddressSanitizer, whose
// own operator new must stay.
#ifndef __SANITIZE_ADDRESS__
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

#include "catch.hpp"
#include "data/samples.h"
#include "models.h"

namespace {
std::atomic<long> allocations{0};

void* counted(std::size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes > 0 ? bytes : 1)) return memory;
  throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

using namespace fedsim;
using namespace fedsim::test;

TEST_CASE("a training step allocates nothing", "[compiled]") {
  const auto count = [](const Dataset& data, const std::vector<std::string>& layers) {
    const Network network = build_network(layers, data);
    const auto learner = compiled_engine(network, data, Dtype::float32)->learner();
    const Vec start = initial_parameters(network, 1, Dtype::float32);
    RandomBatch<float> batch(data, 10, 1), last(data, 6, 2);
    learner->begin(start, {.lr = 0.1, .momentum = 0.9, .clip = 1});
    learner->step(batch.batch);
    const long before = allocations;
    learner->begin(start, {.lr = 0.1, .momentum = 0.9, .clip = 1});
    for (int i = 0; i < 3; ++i) learner->step(batch.batch);
    learner->step(last.batch);
    learner->begin(start, {.lr = 0.1});
    for (int i = 0; i < 3; ++i) learner->step(batch.batch);
    return allocations - before;
  };
  const auto count_dual = [](const std::vector<std::string>& layers, float other) {
    Dataset data = shaped({100}, 7);
    std::vector<float> features(2000, other);
    std::fill(features.begin(), features.begin() + 1000, 0.5f);
    data.train = std::make_shared<MemorySamples>(std::move(features), std::vector<std::int32_t>(20), 100, 1,
                                                 make_scale("none", Features{}, {100}, false));
    const Network network = build_network(layers, data);
    const auto learner = compiled_engine(network, data, Dtype::float32)->learner();
    const Vec start = initial_parameters(network, 1, Dtype::float32);
    RandomBatch<float> all(data, 10, 1);
    const std::int64_t places[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    Batch batch = all.batch;
    batch.x = nullptr;
    batch.places = places;
    const auto run = [&] {
      REQUIRE(learner->begin(start, {.lr = 0.1}, {.samples = 10, .visits = 40, .batch = 10}));
      learner->samples(all.batch);
      for (int i = 0; i < 3; ++i) learner->step(batch);
    };
    run();
    const long before = allocations;
    run();
    return allocations - before;
  };
  const long before = allocations;
  const std::vector<int> one(1);
  CHECK(allocations > before);  // the counter is in use
  CHECK(count(shaped({1, 12, 12}, 4), {"conv 6 5", "relu", "maxpool 2", "flatten", "linear 20", "relu",
                                       "dropout 0.5", "linear 4"}) == 0);
  CHECK(count(shaped({3, 8, 8}, 4), {"conv 6 3", "groupnorm 2", "residual(relu, conv 6 3 same)", "relu",
                                     "globalpool", "linear 4"}) == 0);
  CHECK(count(shaped({16, 12, 12}, 4), {"conv 20 3 same", "conv 16 5 same", "globalpool", "linear 4"}) == 0);
  for (const float other : {0.0f, 1.0f}) CHECK(count_dual({"linear 40", "relu", "linear 7"}, other) == 0);
  CHECK(count(shaped({5}, 7, 5, 7), {"embedding 3", "lstm 4 2", "linear 7"}) == 0);
}
#endif
