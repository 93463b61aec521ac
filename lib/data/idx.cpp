#include "data/idx.h"

#include <fmt/format.h>

#include <array>

#include "core/error.h"
#include "data/assemble.h"
#include "data/input_file.h"
#include "data/where.h"

namespace fedsim {

namespace fs = std::filesystem;

namespace {

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 |
         bytes[3];
}

/// Images and labels of one half, checked against each other before assemble() sees them.
Part read_half(const fs::path& folder, const std::string& prefix, Shape& shape) {
  const auto image_file = plain_or_gzip(folder, prefix + "-images-idx3-ubyte");
  const auto label_file = plain_or_gzip(folder, prefix + "-labels-idx1-ubyte");
  auto images = read_idx(image_file, 3);
  const auto labels = read_idx(label_file, 1);
  if (images.shape[0] != labels.shape[0])
    throw DataError(
        fmt::format("{} holds {} images, {} holds {} labels; expected as many of one as of the other",
                    image_file.string(), images.shape[0], label_file.string(), labels.shape[0]));
  const Shape found{1, images.shape[1], images.shape[2]};
  if (!shape.empty() && shape != found)
    throw DataError(fmt::format("{}: images of {}, expected {} as in the training set", image_file.string(),
                                to_string(found), to_string(shape)));
  shape = found;
  return {std::move(images.values),
          {labels.values.begin(), labels.values.end()},
          image_file.string(),
          label_file.string()};
}

}  // namespace

IdxArray read_idx(const fs::path& path, int dimensions) {
  InputFile file(path);
  std::array<std::uint8_t, 4> magic{};
  const std::uint32_t expected = 0x0800U | static_cast<std::uint32_t>(dimensions);
  if (file.read(magic.data(), 4) < 4 || big_endian(magic.data()) != expected)
    throw DataError(fmt::format(
        "{}: not an IDX file of unsigned bytes with {} dimension{}: expected magic {:08x}, "
        "found {:08x}",
        path.string(), dimensions, dimensions == 1 ? "" : "s", expected, big_endian(magic.data())));
  IdxArray array;
  for (int i = 0; i < dimensions; ++i) {
    std::array<std::uint8_t, 4> dimension{};
    if (file.read(dimension.data(), 4) < 4)
      throw DataError(fmt::format("{}: the header ends too early: expected {} bytes, found {}", path.string(),
                                  4 + 4 * dimensions, file.stored_bytes()));
    array.shape.push_back(big_endian(dimension.data()));
  }
  const std::int64_t header = 4 + 4 * dimensions;
  const auto product = checked_product(array.shape);
  std::int64_t total = 0;
  if (!product || __builtin_add_overflow(*product, header, &total))
    throw DataError(fmt::format("{}: the header says {} values: too many for any file, the header is damaged",
                                path.string(), to_string(array.shape)));
  const auto why = fmt::format("header says {}", to_string(array.shape));
  file.expect_total(total, why);
  array.values.resize(static_cast<std::size_t>(*product));
  file.read_rest(array.values, header, why);
  return array;
}

Dataset load_idx(const DataContext& context, const std::string& name, std::int64_t classes) {
  const auto folder = find_dataset(context, name,
                                   {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                    "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"});
  Parts parts;
  parts.name = name;
  parts.origin = folder.string();
  parts.classes = classes;
  parts.train = read_half(folder, "train", parts.shape);
  parts.test = read_half(folder, "t10k", parts.shape);
  return assemble(std::move(parts), context);
}

}  // namespace fedsim
