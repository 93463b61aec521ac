// NumPy arrays: an .npz with x, y and optionally x_test, y_test, or .npy files of their own.
#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "data/arrays.h"
#include "data/input_file.h"
#include "data/npy.h"
#include "data/zip.h"

namespace fedsim {

namespace fs = std::filesystem;

namespace {

Array from_bytes(std::span<const std::uint8_t> bytes, const std::string& where) {
  auto array = parse_npy(bytes, where);
  return {std::move(array.shape), std::move(array.values), where};
}

Array from_npz(const ZipFile& zip, const fs::path& path, const std::string& key) {
  const auto where = fmt::format("{} ('{}')", path.string(), key);
  if (!zip.has(key + ".npy"))
    throw DataError(
        fmt::format("{}: no array '{}'; the archive has {}\nhelp: name the arrays with data.x and data.y",
                    path.string(), key, list_of(zip.names(), "and")));
  return from_bytes(zip.read(key + ".npy"), where);
}

Array from_npy(const fs::path& path) {
  const auto text = InputFile(path).read_text(std::size_t{1} << 40);
  return from_bytes({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, path.string());
}

class Npz final : public DataSource {
 public:
  struct Options {
    Path file, labels_file, test_file, test_labels_file;
    std::string x = "x", y = "y", x_test = "x_test", y_test = "y_test";
    std::int64_t classes = 0, vocabulary = 0;
    void visit(OptionVisitor& option) {
      option("file", file, ".npz archive, or .npy file of features [n, ...]");
      option("labels_file", labels_file,
             ".npy file of labels [n] or [n, t], beside an .npy file of features");
      option("test_file", test_file, ".npy file of test features");
      option("test_labels_file", test_labels_file, ".npy file of test labels");
      option("x", x, {}, "array of an .npz with the training features");
      option("y", y, {}, "array of an .npz with the training labels");
      option("x_test", x_test, {},
             "array of an .npz with the test features; without it test_fraction is split off");
      option("y_test", y_test, {}, "array of an .npz with the test labels");
      option("classes", classes, at_least(0), "number of classes; 0: the largest label + 1");
      option("vocabulary", vocabulary, at_least(0), "above 0: the features are token ids below it");
    }
  };
  explicit Npz(Options options) : options_(std::move(options)) {}

  Dataset load(const DataContext& context) const override {
    if (options_.file.empty()) throw OptionError{"file", "dataset 'npz' needs a file", "file = \"data.npz\""};
    const auto path = context.config_folder / options_.file.text;
    Parts parts;
    parts.name = "npz";
    parts.origin = path.string();
    parts.classes = options_.classes;
    parts.vocabulary = options_.vocabulary;
    if (ZipFile::looks_like_one(path))
      load_npz(path, parts);
    else
      load_npy(context.config_folder, path, parts);
    return assemble(std::move(parts), context);
  }

 private:
  void load_npz(const fs::path& path, Parts& parts) const {
    for (const auto* other : {&options_.labels_file, &options_.test_file, &options_.test_labels_file})
      if (!other->empty())
        throw OptionError{"file", "is an .npz, which holds labels and test set itself",
                          "leave the other files out"};
    const ZipFile zip(path);
    parts.train = make_part(from_npz(zip, path, options_.x), from_npz(zip, path, options_.y), parts);
    if (zip.has(options_.x_test + ".npy") || zip.has(options_.y_test + ".npy"))
      parts.test =
          make_part(from_npz(zip, path, options_.x_test), from_npz(zip, path, options_.y_test), parts);
  }

  void load_npy(const fs::path& folder, const fs::path& path, Parts& parts) const {
    auto features = from_npy(path);
    if (options_.labels_file.empty())
      throw OptionError{"labels_file", "an .npy file of features needs a file of labels",
                        "labels_file = \"y.npy\""};
    if (options_.test_file.empty() != options_.test_labels_file.empty())
      throw OptionError{"test_file", "test_file and test_labels_file go together", "give both or neither"};
    parts.train = make_part(std::move(features), from_npy(folder / options_.labels_file.text), parts);
    if (!options_.test_file.empty())
      parts.test = make_part(from_npy(folder / options_.test_file.text),
                             from_npy(folder / options_.test_labels_file.text), parts);
  }

  Options options_;
};

const Register<DataSource, Npz> entry{"npz",
                                      "NumPy arrays x, y (and x_test, y_test) of an .npz, or .npy files"};

}  // namespace
}  // namespace fedsim
