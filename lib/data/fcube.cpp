// FCUBE of NIID-Bench, Li et al., ICDE 2022, arXiv:2102.02079, section IV: a cube whose label is the sign of
// x1.
//
// Training samples come in four groups g, each of two octants symmetric about the origin: p ~ U(0,1)^3, the
// sign of p2 flipped where g >= 2, that of p3 where g is odd; even samples are p with label 0, odd ones -p
// with label 1. User g has group g (scheme = "natural"). Test: points of U(-1,1)^3, label 0 where x1 > 0,
// else 1.
#include "core/random.h"
#include "data/assemble.h"

namespace fedsim {
namespace {

constexpr std::int64_t groups = 4;

class Fcube final : public DataSource {
 public:
  struct Options {
    std::int64_t samples_per_group = 1000, test_samples = 1000;
    void visit(OptionVisitor& option) {
      option("samples_per_group", samples_per_group, between(2, 1 << 26),
             "training samples of each of the 4 groups");
      option("test_samples", test_samples, between(1, 1 << 26), "test samples");
    }
  };
  explicit Fcube(Options options) : options_(options) {}

  Dataset load(const DataContext& context) const override {
    Parts parts;
    parts.name = "fcube";
    parts.origin = "generated";
    parts.shape = {3};
    parts.classes = 2;
    parts.train = train(context.seed);
    parts.test = test(context.seed);
    for (std::int64_t group = 0; group <= groups; ++group)
      parts.user_offsets.push_back(group * options_.samples_per_group);
    return assemble(std::move(parts), context);
  }

 private:
  Part train(std::uint64_t seed) const {
    std::vector<float> x;
    Part part{{}, {}, "fcube", "fcube"};
    for (std::int64_t group = 0; group < groups; ++group) {
      Random random(seed, Purpose::data, 0, static_cast<std::uint64_t>(group));
      for (std::int64_t i = 0; i < options_.samples_per_group; ++i) {
        const double sign = i % 2 == 0 ? 1 : -1;
        const double p1 = random.uniform(), p2 = random.uniform(), p3 = random.uniform();
        x.push_back(static_cast<float>(sign * p1));
        x.push_back(static_cast<float>(sign * (group >= 2 ? -p2 : p2)));
        x.push_back(static_cast<float>(sign * (group % 2 == 1 ? -p3 : p3)));
        part.y.push_back(i % 2 == 0 ? 0 : 1);
      }
    }
    part.x = std::move(x);
    return part;
  }

  Part test(std::uint64_t seed) const {
    std::vector<float> x;
    Part part{{}, {}, "fcube", "fcube"};
    Random random(seed, Purpose::data, 1);
    for (std::int64_t i = 0; i < options_.test_samples; ++i) {
      for (int axis = 0; axis < 3; ++axis) x.push_back(static_cast<float>(random.uniform(-1, 1)));
      part.y.push_back(x[x.size() - 3] > 0 ? 0 : 1);
    }
    part.x = std::move(x);
    return part;
  }

  Options options_;
};

const Register<DataSource, Fcube> entry{
    "fcube", "points of a cube in 4 groups of octants, label = sign of x1", "arXiv:2102.02079"};

}  // namespace
}  // namespace fedsim
