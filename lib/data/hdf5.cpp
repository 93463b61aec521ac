// Our own HDF5 layout (docs/data-formats.md): /train/x [n, ...], /train/y [n] or [n, t], optionally
// /train/users [n] and /test/x, /test/y.
#include <fmt/format.h>

#include "core/error.h"
#include "data/hdf5_array.h"

namespace fedsim {
namespace {

/// Rows of a user must follow each other: user numbers ascend. Gives the first row of each user, and n.
std::vector<std::int64_t> read_users(const hdf5::Dataset& dataset, std::int64_t samples) {
  dataset.expect_shape({samples});
  const auto users = dataset.read<std::int64_t>();
  std::vector<std::int64_t> offsets;
  for (std::size_t i = 0; i < users.size(); ++i) {
    if (i > 0 && users[i] < users[i - 1])
      throw dataset.error(
          fmt::format("user {} at index {} after user {}; expected ascending numbers\n"
                      "help: sort the samples by user",
                      users[i], i, users[i - 1]));
    if (i == 0 || users[i] != users[i - 1]) offsets.push_back(static_cast<std::int64_t>(i));
  }
  offsets.push_back(samples);
  return offsets;
}

class Hdf5 final : public DataSource {
 public:
  struct Options {
    Path file;
    std::int64_t classes = 0, vocabulary = 0;
    void visit(OptionVisitor& option) {
      option("file", file, "HDF5 file with /train/x, /train/y and optionally /train/users, /test/x, /test/y");
      option("classes", classes, at_least(0), "number of classes; 0: the largest label + 1");
      option("vocabulary", vocabulary, at_least(0), "above 0: the features are token ids below it");
    }
  };
  explicit Hdf5(Options options) : options_(std::move(options)) {}

  Dataset load(const DataContext& context) const override {
    if (options_.file.empty()) throw OptionError{"file", "dataset 'hdf5' needs a file", "file = \"data.h5\""};
    const auto path = context.config_folder / options_.file.text;
    const auto file = hdf5::File::open_foreign(path);
    const auto root = file.root();
    Parts parts;
    parts.name = "hdf5";
    parts.origin = path.string();
    parts.classes = options_.classes;
    parts.vocabulary = options_.vocabulary;
    parts.train = half(root, path.string(), "train", parts);
    if (root.has("train/users")) {
      const auto samples = static_cast<std::int64_t>(parts.train.y.size()) / parts.targets;
      parts.user_offsets = read_users(root.dataset("train/users"), samples);
    }
    if (root.has("test")) parts.test = half(root, path.string(), "test", parts);
    return assemble(std::move(parts), context);
  }

 private:
  static Part half(const hdf5::Group& root, const std::string& file, const std::string& name, Parts& parts) {
    return make_part(read_array(root.dataset(name + "/x"), file), read_array(root.dataset(name + "/y"), file),
                     parts);
  }

  Options options_;
};

const Register<DataSource, Hdf5> entry{"hdf5", "arrays /train/x, /train/y, /test/x, /test/y of an HDF5 file"};

}  // namespace
}  // namespace fedsim
