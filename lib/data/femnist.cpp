// FEMNIST, LEAF, Caldas et al. 2018, arXiv:1812.01097, in TensorFlow Federated's files: handwritten
// characters by writer, /examples/<writer>/pixels [n, 28, 28] float32 (ink is 0, paper 1) and label [n].
#include <fmt/format.h>

#include "core/error.h"
#include "data/hdf5_array.h"
#include "data/tff.h"
#include "data/where.h"

namespace fedsim {
namespace {

void read_writer(const hdf5::Group& writer, Part& part) {
  const auto pixels = writer.dataset("pixels");
  const auto labels = writer.dataset("label");
  pixels.expect_shape({-1, 28, 28});
  labels.expect_shape({pixels.rows()});
  if (!std::holds_alternative<std::vector<float>>(part.x)) part.x = std::vector<float>();
  auto& x = std::get<std::vector<float>>(part.x);
  const auto before = x.size();
  x.resize(before + static_cast<std::size_t>(pixels.elements()));
  pixels.read_rows<float>(0, pixels.rows(), std::span(x).subspan(before));
  const auto y = labels.read<std::int32_t>();
  part.y.insert(part.y.end(), y.begin(), y.end());
}

class Femnist final : public DataSource {
 public:
  struct Options {
    bool digits_only = false;
    std::int64_t max_users = 0;
    void visit(OptionVisitor& option) {
      option("digits_only", digits_only, "the ten digits only (fed_emnist_digitsonly_*.h5)");
      option("max_users", max_users, at_least(0), "the first users only; 0: all");
    }
  };
  explicit Femnist(Options options) : options_(options) {}

  Dataset load(const DataContext& context) const override {
    const std::string stem = options_.digits_only ? "fed_emnist_digitsonly" : "fed_emnist";
    const TffFiles files{find_dataset(context, "femnist", {stem + "_train.h5"}), stem + "_train.h5",
                         stem + "_test.h5"};
    Parts parts;
    parts.name = "femnist";
    parts.shape = {1, 28, 28};
    parts.classes = options_.digits_only ? 10 : 62;
    read_tff(files, options_.max_users, read_writer, parts);
    return assemble(std::move(parts), context);
  }

 private:
  Options options_;
};

const Register<DataSource, Femnist> entry{
    "femnist", "handwritten characters by writer, 3400 users, 62 classes (TFF)", "arXiv:1812.01097"};

}  // namespace
}  // namespace fedsim
