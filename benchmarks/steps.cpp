// Microseconds (processor time, best of 20) of a training step of the compiled trainer on one core, for the
// literature's models, plain SGD and with momentum. Usage: fedsim_bench_steps [float32|float64 [MODEL ...]]
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/random.h"
#include "data/samples.h"
#include "model/network.h"
#include "train/compiled/compiled.h"

namespace {

using namespace fedsim;

/// Seconds of processor time of this thread: the machine may be shared.
double now() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// FLOPs of the products of a forward pass; a step does them three times, less the gradient of the input.
double forward_flops(const std::vector<Layer>& layers) {
  double flops = 0;
  for (const Layer& layer : layers) {
    const auto n = [](const Shape& shape) { return static_cast<double>(elements(shape)); };
    if (layer.kind == LayerKind::linear) flops += 2 * n(layer.out) * static_cast<double>(layer.in.back());
    if (layer.kind == LayerKind::conv)
      flops += 2 * n(layer.out) * static_cast<double>(layer.in[0] * layer.kernel * layer.kernel);
    if (layer.kind == LayerKind::lstm)
      for (std::int64_t k = 0; k < layer.width; ++k)
        flops += 8 * n(layer.out) * static_cast<double>((k == 0 ? layer.in[1] : layer.size) + layer.size);
    flops += forward_flops(layer.body) + forward_flops(layer.shortcut);
  }
  return flops;
}

double step_flops(const Network& network) {
  const bool flat = network.layers.front().kind == LayerKind::flatten;
  const bool tokens = network.layers.front().kind == LayerKind::embedding;
  const double saved = tokens ? 0 : forward_flops({network.layers[flat ? 1 : 0]});
  return 3 * forward_flops(network.layers) - saved;
}

template <class T>
void measure(const std::string& model, const Dataset& data, std::int64_t count, int steps) {
  Describer defaults;
  const auto layers = Registry<ModelTemplate>::find(model)->make(defaults)->layers(data);
  const Network network = build_network(layers, data);
  const Dtype dtype = std::is_same_v<T, float> ? Dtype::float32 : Dtype::float64;
  std::string why_not;
  const auto engine = make_compiled_engine(network, data, dtype, why_not);
  const auto learner = engine->learner();
  const Vec start = engine->initial(1);
  Random random(1, Purpose::data);
  std::vector<T> x(static_cast<std::size_t>(count * elements(data.sample_shape)));
  for (T& value : x)
    value = data.vocabulary > 0 ? static_cast<T>(random.below(80)) : static_cast<T>(random.uniform());
  std::vector<std::int32_t> y(static_cast<std::size_t>(count * data.targets));
  for (auto& value : y)
    value = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(data.classes)));
  Batch batch;
  std::vector<std::uint8_t> bytes(x.size());
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.below(256));
  std::vector<const std::uint8_t*> rows;
  for (std::int64_t i = 0; i < count; ++i) rows.push_back(bytes.data() + i * elements(data.sample_shape));
  if (learner->byte_divisor() != 0)
    batch.bytes = rows.data();
  else
    batch.x = x.data();
  batch.y = y.data();
  batch.count = count;

  const auto best = [&](const StepRule& rule) {
    double result = 1e9;
    for (int repeat = 0; repeat < (model == "resnet18-gn" ? 4 : 20); ++repeat) {
      learner->begin(start, rule);
      learner->step(batch);
      const double from = now();
      for (int i = 0; i < steps; ++i) learner->step(batch);
      result = std::min(result, (now() - from) / steps);
    }
    return result;
  };
  const auto client = [&] {  // a local run of one step: start handed out, its change handed back
    double result = 1e9;
    for (int repeat = 0; repeat < 20; ++repeat) {
      const double from = now();
      for (int i = 0; i < steps; ++i) {
        learner->begin(start, {.lr = 1e-3});
        learner->last_step(batch, Answer::change);
        const Vec change = learner->take_difference(start);
      }
      result = std::min(result, (now() - from) / steps);
    }
    return result;
  };
  const double plain = best({.lr = 1e-3}), momentum = best({.lr = 1e-3, .momentum = 0.9});
  if (model == "2nn" && count == 6)
    fmt::print("{:11} batch   6  {:9.1f} us a client of one step\n", model, client() * 1e6);
  fmt::print("{:11} batch {:3}  {:9.2f} us  {:6.1f} GFLOP/s   with momentum {:9.1f} us\n", model, count,
             plain * 1e6, step_flops(network) * static_cast<double>(count) / plain / 1e9, momentum * 1e6);
}

template <class T>
void measure_all(const std::set<std::string>& chosen) {
  Dataset images, colour, text;
  images.sample_shape = {1, 28, 28};
  images.classes = 10;
  images.train = std::make_shared<MemorySamples>(std::vector<std::uint8_t>(784, 128), std::vector<std::int32_t>{0}, 784, 1,
                                                 Scale{{0}, {255}});  // bytes, as Fashion-MNIST
  colour.sample_shape = {3, 32, 32};
  colour.classes = 10;
  text.sample_shape = {80};
  text.classes = text.vocabulary = 80;
  text.targets = 80;
  const auto run = [&](const std::string& model, const Dataset& data, std::int64_t count, int steps) {
    if (chosen.empty() || chosen.contains(model)) measure<T>(model, data, count, steps);
  };
  for (const std::int64_t count : {6, 10, 64}) {
    run("logistic", images, count, 500);
    run("2nn", images, count, 20);
    run("lenet5", images, count, 10);
    if (count > 6) run("cnn", images, count, 2);
  }
  run("char-lstm", text, 4, 1);
  run("resnet18-gn", colour, 10, 1);
}

}  // namespace

int main(int argc, char** argv) {
  const std::set<std::string> chosen(argv + std::min(argc, 2), argv + argc);
  if (argc > 1 && std::string(argv[1]) == "float64")
    measure_all<double>(chosen);
  else
    measure_all<float>(chosen);
}
