// CIFAR-10, Krizhevsky 2009, "Learning multiple layers of features from tiny images". 50,000 + 10,000 colour
// images. The binary version: records of one byte of label and 3 x 32 x 32 bytes, red plane first; no header.
#include <fmt/format.h>

#include "core/error.h"
#include "data/assemble.h"
#include "data/input_file.h"
#include "data/where.h"

namespace fedsim {
namespace {

constexpr std::size_t pixels = 3 * 32 * 32;
constexpr std::size_t record = 1 + pixels;

/// Appends the records of one file.
void read_batch(const std::filesystem::path& path, std::vector<std::uint8_t>& images,
                std::vector<std::int32_t>& labels) {
  InputFile file(path);
  std::vector<std::uint8_t> bytes(record);
  for (;;) {
    const auto got = file.read(bytes.data(), record);
    if (got == 0) return;
    if (got < record)
      throw DataError(
          fmt::format("{}: the last record has {} bytes, expected {} (1 label, 3x32x32 pixels)\n"
                      "help: this reads CIFAR-10's binary version (cifar-10-binary.tar.gz), whole",
                      path.string(), got, record));
    labels.push_back(bytes[0]);
    images.insert(images.end(), bytes.begin() + 1, bytes.end());
  }
}

Part read_half(const std::filesystem::path& folder, const std::vector<std::string>& names) {
  std::vector<std::uint8_t> images;
  Part part;
  part.where = part.where_labels = fmt::format("{} ({}{})", folder.string(), names.front(),
                                               names.size() > 1 ? " ... " + names.back() : "");
  images.reserve(names.size() * 10000 * pixels);
  for (const auto& name : names) read_batch(plain_or_gzip(folder, name), images, part.y);
  part.x = std::move(images);
  return part;
}

class Cifar10 final : public DataSource {
 public:
  using Options = NoOptions;
  explicit Cifar10(Options) {}

  Dataset load(const DataContext& context) const override {
    const std::string archive = "cifar-10-batches-bin";  // the folder that the authors' archive makes
    auto folder = find_dataset(context, "cifar10", {"data_batch_1.bin", "test_batch.bin", archive});
    if (std::filesystem::is_directory(folder / archive)) folder /= archive;
    Parts parts;
    parts.name = "cifar10";
    parts.origin = folder.string();
    parts.shape = {3, 32, 32};
    parts.classes = 10;
    parts.train = read_half(folder, {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                     "data_batch_4.bin", "data_batch_5.bin"});
    parts.test = read_half(folder, {"test_batch.bin"});
    return assemble(std::move(parts), context);
  }
};

const Register<DataSource, Cifar10> entry{"cifar10",
                                          "60,000 colour images 32x32, 10 classes (binary version)"};

}  // namespace
}  // namespace fedsim
