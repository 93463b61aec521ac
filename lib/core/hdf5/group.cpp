#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/hdf5/api.h"

namespace fedsim::hdf5 {
namespace {

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const auto end = std::min(path.find('/', begin), path.size());
    if (end > begin) parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

herr_t collect(hid_t, const char* name, const H5L_info_t*, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

constexpr std::int64_t chunk_bytes = 1 << 16;  // where nothing is overwritten later

}  // namespace

std::string Group::child(const std::string& path) const {
  return name_ == "/" ? fmt::format("/{}", path) : fmt::format("{}/{}", name_, path);
}

std::vector<std::string> Group::children() const {
  prepare_thread();
  std::vector<std::string> names;
  check(H5Literate(id_.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names), *origin_, name_,
        "list it");
  std::sort(names.begin(), names.end());
  return names;
}

bool Group::has(const std::string& path) const {
  prepare_thread();
  std::string so_far;
  for (const auto& part : parts_of(path)) {
    so_far = so_far.empty() ? part : fmt::format("{}/{}", so_far, part);
    const auto found = H5Lexists(id_.get(), so_far.c_str(), H5P_DEFAULT);
    if (found <= 0) return false;
    H5L_info_t info;
    if (H5Lget_info(id_.get(), so_far.c_str(), &info, H5P_DEFAULT) < 0) return false;
    if (info.type != H5L_TYPE_HARD) return true;  // opening it says why it is refused
  }
  return true;
}

// Soft and external links are not followed: a file from elsewhere must not name other files, nor run in
// circles.
void Group::check_links(const std::string& path) const {
  prepare_thread();
  std::string so_far;
  for (const auto& part : parts_of(path)) {
    so_far = so_far.empty() ? part : fmt::format("{}/{}", so_far, part);
    const auto found = H5Lexists(id_.get(), so_far.c_str(), H5P_DEFAULT);
    if (found <= 0)
      throw Error(origin_->exit, fmt::format("{}: {}: not in the file", origin_->path, child(so_far)));
    H5L_info_t info;
    check(H5Lget_info(id_.get(), so_far.c_str(), &info, H5P_DEFAULT), *origin_, child(so_far),
          "look at its link");
    if (info.type == H5L_TYPE_HARD) continue;
    const char* kind = info.type == H5L_TYPE_SOFT       ? "a soft link"
                       : info.type == H5L_TYPE_EXTERNAL ? "an external link to another file"
                                                        : "a user-defined link";
    throw Error(origin_->exit,
                fmt::format("{}: {}: is {}, which fedsim does not follow; store the data itself in the file",
                            origin_->path, child(so_far), kind));
  }
}

bool Group::is_group(const std::string& path) const {
  if (!has(path)) return false;
  check_links(path);
  H5O_info_t info;
  check(H5Oget_info_by_name(id_.get(), path.c_str(), &info, H5P_DEFAULT), *origin_, child(path),
        "look at it");
  return info.type == H5O_TYPE_GROUP;
}

Group Group::group(const std::string& path) const {
  check_links(path);
  if (!is_group(path))
    throw Error(origin_->exit, fmt::format("{}: {}: is not a group", origin_->path, child(path)));
  Handle id(check(H5Gopen2(id_.get(), path.c_str(), H5P_DEFAULT), *origin_, child(path), "open it"),
            close_group);
  return Group(std::move(id), child(path), origin_);
}

Dataset Group::dataset(const std::string& path) const {
  check_links(path);
  H5O_info_t info;
  check(H5Oget_info_by_name(id_.get(), path.c_str(), &info, H5P_DEFAULT), *origin_, child(path),
        "look at it");
  if (info.type != H5O_TYPE_DATASET)
    throw Error(origin_->exit, fmt::format("{}: {}: is not a dataset", origin_->path, child(path)));
  Handle id(check(H5Dopen2(id_.get(), path.c_str(), H5P_DEFAULT), *origin_, child(path), "open it"),
            close_dataset);
  return Dataset(std::move(id), child(path), origin_);
}

Group Group::create_group(const std::string& name) {
  prepare_thread();
  Handle id(check(H5Gcreate2(id_.get(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), *origin_,
                  child(name), "create the group"),
            close_group);
  return Group(std::move(id), child(name), origin_);
}

Dataset Group::create_raw(const std::string& name, Type type, std::size_t text_bytes, const Dimensions& shape,
                          std::int64_t chunk_rows, bool fill_nan) {
  prepare_thread();
  const std::string object = child(name);
  const auto done = [&](auto result) { return check(result, *origin_, object, "create it"); };
  std::vector<hsize_t> size(shape.begin(), shape.end()), most = size, chunk = size;
  if (size.empty()) throw std::logic_error("a dataset needs at least one dimension");
  std::int64_t row_bytes = static_cast<std::int64_t>(type == Type::text ? text_bytes : size_of(type));
  for (std::size_t i = 1; i < shape.size(); ++i) row_bytes *= std::max<std::int64_t>(shape[i], 1);
  const std::int64_t usual =
      std::clamp<std::int64_t>(shape[0], 1, std::max<std::int64_t>(chunk_bytes / row_bytes, 1));
  for (auto& extent : chunk) extent = std::max<hsize_t>(extent, 1);
  chunk[0] = static_cast<hsize_t>(chunk_rows > 0 ? chunk_rows : usual);
  most[0] = H5S_UNLIMITED;

  const Handle space(done(H5Screate_simple(static_cast<int>(size.size()), size.data(), most.data())),
                     close_space);
  const Handle list(done(H5Pcreate(H5P_DATASET_CREATE)), close_list);
  done(H5Pset_chunk(list.get(), static_cast<int>(chunk.size()), chunk.data()));
  done(H5Pset_fletcher32(list.get()));
  done(H5Pset_alloc_time(list.get(), H5D_ALLOC_TIME_EARLY));
  done(H5Pset_fill_time(list.get(), H5D_FILL_TIME_ALLOC));
  if (fill_nan) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    done(H5Pset_fill_value(list.get(), H5T_NATIVE_DOUBLE, &nan));
  }
  const Handle text = type == Type::text ? text_type(text_bytes) : Handle();
  const hid_t element = type == Type::text ? text.get() : stored(type);
  Handle id(
      done(H5Dcreate2(id_.get(), name.c_str(), element, space.get(), H5P_DEFAULT, list.get(), H5P_DEFAULT)),
      close_dataset);
  return Dataset(std::move(id), object, origin_);
}

Dataset Group::write_text(const std::string& name, const std::vector<std::string>& values) {
  std::size_t longest = 1;
  for (const auto& value : values) longest = std::max(longest, value.size());
  auto dataset = create_raw(name, Type::text, longest, {static_cast<std::int64_t>(values.size())}, 0, false);
  std::string padded;
  for (const auto& value : values) {
    padded += value;
    padded.append(longest - value.size(), '\0');
  }
  dataset.write_raw(Type::text, 0, padded.data(), values.size());
  return dataset;
}

void Group::remove(const std::string& name) {
  prepare_thread();
  check(H5Ldelete(id_.get(), name.c_str(), H5P_DEFAULT), *origin_, child(name), "remove it");
}

}  // namespace fedsim::hdf5
