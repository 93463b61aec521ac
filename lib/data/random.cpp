// Random tensors of a given shape, to time a model where its data is not at hand. There is nothing to learn
// in them.
#include "core/random.h"

#include <fmt/format.h>

#include <charconv>

#include "core/error.h"
#include "data/assemble.h"
#include "data/input_file.h"

namespace fedsim {
namespace {

/// "1x28x28".
Shape parse_shape(const std::string& text) {
  Shape shape;
  const char* at = text.data();
  const char* end = at + text.size();
  for (;;) {
    std::int64_t dimension = 0;
    const auto [next, error] = std::from_chars(at, end, dimension);
    if (error != std::errc{} || dimension < 1 || (next != end && *next != 'x'))
      throw OptionError{"shape",
                        fmt::format("expected whole numbers from 1 with x between them, got \"{}\"", text),
                        "for instance \"1x28x28\", \"60\" or \"80\""};
    shape.push_back(dimension);
    if (next == end) return shape;
    at = next + 1;
  }
}

class RandomTensors final : public DataSource {
 public:
  struct Options {
    std::string shape = "1x28x28", values = "uint8";
    std::int64_t classes = 10, samples = 6000, test_samples = 1000, vocabulary = 0;
    bool every_position = false;
    void visit(OptionVisitor& option) {
      option("shape", shape, {}, "of one sample: \"1x28x28\", \"60\", \"80\"");
      option("values", values, {"uint8", "float32"}, "stored type: uniform bytes, or normal floats");
      option("classes", classes, between(2, 1 << 30), "labels are uniform on [0, classes)");
      option("samples", samples, between(1, 4294967295.0), "training samples");
      option("test_samples", test_samples, between(1, 4294967295.0), "test samples");
      option("vocabulary", vocabulary, between(0, 1 << 30), "above 0: the values are token ids below it");
      option("every_position", every_position, "a label at every position of a sequence of tokens");
    }
  };
  explicit RandomTensors(Options options) : options_(std::move(options)) {}

  Dataset load(const DataContext& context) const override {
    Parts parts;
    parts.name = "random";
    parts.origin = "generated";
    parts.shape = parse_shape(options_.shape);
    parts.classes = options_.classes;
    parts.vocabulary = options_.vocabulary;
    if (options_.every_position && (options_.vocabulary == 0 || parts.shape.size() != 1))
      throw OptionError{"every_position", "needs a vocabulary and a shape of one dimension", ""};
    if (options_.every_position) parts.targets = parts.shape[0];
    parts.train = make(parts, options_.samples, Random(context.seed, Purpose::data, 0));
    parts.test = make(parts, options_.test_samples, Random(context.seed, Purpose::data, 1));
    return assemble(std::move(parts), context);
  }

 private:
  Part make(const Parts& parts, std::int64_t samples, Random random) const {
    Shape all = parts.shape;
    all.push_back(samples);
    const auto total = checked_product(all);
    if (!total || *total > std::int64_t{1} << 40)
      throw OptionError{"shape", fmt::format("{} samples of {} are too many values", samples, options_.shape),
                        ""};
    Part part{{}, {}, "random", "random"};
    if (options_.vocabulary > 0) {
      std::vector<std::int32_t> x(static_cast<std::size_t>(*total));
      for (auto& value : x)
        value = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(options_.vocabulary)));
      part.x = std::move(x);
    } else if (options_.values == "uint8") {
      std::vector<std::uint8_t> x(static_cast<std::size_t>(*total));
      for (auto& value : x) value = static_cast<std::uint8_t>(random.bits32());
      part.x = std::move(x);
    } else {
      std::vector<float> x(static_cast<std::size_t>(*total));
      for (auto& value : x) value = static_cast<float>(random.normal());
      part.x = std::move(x);
    }
    part.y.resize(static_cast<std::size_t>(samples * parts.targets));
    for (auto& label : part.y)
      label = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(parts.classes)));
    return part;
  }

  Options options_;
};

const Register<DataSource, RandomTensors> entry{"random", "random tensors of a given shape, for timing"};

}  // namespace
}  // namespace fedsim
