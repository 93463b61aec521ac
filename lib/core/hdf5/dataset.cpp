#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/hdf5/api.h"

namespace fedsim::hdf5 {
namespace {

std::string text_of(const Dimensions& shape) {
  std::string text;
  for (const auto extent : shape)
    text += fmt::format("{}{}", text.empty() ? "" : "x", extent < 0 ? "*" : fmt::format("{}", extent));
  return text.empty() ? "of a scalar" : text;
}

// Whether every value of `from` is a value of `to`, floats taken as one kind.
bool converts(Type from, Type to) {
  if (from == Type::text || from == Type::other || to == Type::text || to == Type::other) return from == to;
  const bool to_float = to == Type::float32 || to == Type::float64;
  if (to_float) return true;
  if (from == Type::float32 || from == Type::float64) return false;
  const auto is_signed = [](Type t) {
    return t == Type::int8 || t == Type::int16 || t == Type::int32 || t == Type::int64;
  };
  if (is_signed(from) == is_signed(to)) return size_of(from) <= size_of(to);
  return is_signed(to) && size_of(from) < size_of(to);
}

// Product of extents and an element's bytes, or -1 where it does not fit 63 bits. An extent of 0 counts as 1,
// so that no other extent can hide behind it.
std::int64_t checked_bytes(const std::vector<hsize_t>& extents, std::size_t element) {
  auto product = static_cast<std::int64_t>(element);
  for (const auto extent : extents)
    if (__builtin_mul_overflow(product, std::max<hsize_t>(extent, 1), &product)) return -1;
  return product;
}

/// Extents of a chunk of a dataset of `rank` dimensions; none where it is not stored in chunks. `list` says how it is stored.
std::vector<hsize_t> chunk_of(const Handle& list, std::size_t rank, const Origin& origin, const std::string& name) {
  if (rank == 0 || H5Pget_layout(list.get()) != H5D_CHUNKED) return {};
  std::vector<hsize_t> chunk(rank);
  check(H5Pget_chunk(list.get(), static_cast<int>(rank), chunk.data()), origin, name, "read how it is stored");
  return chunk;
}

Handle select_rows(const Handle& space, const Dimensions& shape, std::int64_t first, std::int64_t count,
                   const Origin& origin, const std::string& name) {
  if (shape.empty()) return Handle(check(H5Screate(H5S_SCALAR), origin, name, "select rows"), close_space);
  std::vector<hsize_t> start(shape.size(), 0), extent(shape.begin(), shape.end());
  start[0] = static_cast<hsize_t>(first);
  extent[0] = static_cast<hsize_t>(count);
  check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr),
        origin, name, "select rows");
  const int rank = static_cast<int>(shape.size());
  return Handle(check(H5Screate_simple(rank, extent.data(), nullptr), origin, name, "select rows"),
                close_space);
}

}  // namespace

Dataset::Dataset(Handle id, std::string name, std::shared_ptr<const Origin> origin)
    : Node(std::move(id), std::move(name), std::move(origin)) {
  const Handle type(check(H5Dget_type(id_.get()), *origin_, name_, "read its type"), close_type);
  type_ = classify(type.get());
  if (type_ == Type::text) {
    variable_text_ = check(H5Tis_variable_str(type.get()), *origin_, name_, "read its type") > 0;
    text_bytes_ = variable_text_ ? 0 : H5Tget_size(type.get());
  }
  const Handle space(check(H5Dget_space(id_.get()), *origin_, name_, "read its shape"), close_space);
  if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) throw error("is empty (a null dataspace)");
  const int rank = check(H5Sget_simple_extent_ndims(space.get()), *origin_, name_, "read its shape");
  std::vector<hsize_t> extents(static_cast<std::size_t>(rank));
  if (rank > 0)
    check(H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr), *origin_, name_, "read its shape");
  if (checked_bytes(extents, std::max<std::size_t>(H5Tget_size(type.get()), 8)) < 0)
    throw error("its dimensions multiply to more bytes than any file holds");
  shape_.assign(extents.begin(), extents.end());
  if (origin_->bytes > 0) check_storage();
}

// What a file from elsewhere may not do: name other files, need code we do not have, or claim more data than
// the file can hold.
void Dataset::check_storage() const {
  const auto done = [&](auto result) { return check(result, *origin_, name_, "read how it is stored"); };
  const Handle list(done(H5Dget_create_plist(id_.get())), close_list);
  const auto layout = done(H5Pget_layout(list.get()));
  if (layout == H5D_VIRTUAL) throw error("is a virtual dataset, which may name other files: refused");
  if (done(H5Pget_external_count(list.get())) > 0)
    throw error("has external storage in another file: refused");
  bool deflated = false;
  const int filters = layout == H5D_CHUNKED ? done(H5Pget_nfilters(list.get())) : 0;
  for (int i = 0; i < filters; ++i) {
    unsigned flags = 0;
    std::size_t values = 0;
    char label[64] = "";
    const auto filter = done(H5Pget_filter2(list.get(), static_cast<unsigned>(i), &flags, &values, nullptr,
                                            sizeof label, label, nullptr));
    if (filter == H5Z_FILTER_DEFLATE) deflated = true;
    if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
      throw error(fmt::format("is stored with filter {} ({}); only deflate, shuffle and fletcher32 are read",
                              filter, label));
  }
  // Deflate reaches 1032:1 on constant data; beyond 64 MiB nothing honest is shrunk a hundredfold.
  constexpr std::uint64_t small = 64u << 20;
  const std::uint64_t most =
      deflated ? std::max(small, origin_->bytes * 100) : std::max(origin_->bytes, small / 4);
  const Handle type(done(H5Dget_type(id_.get())), close_type);
  const std::size_t element = H5Tget_size(type.get());
  const auto refuse_above = [&](const char* what, const std::vector<hsize_t>& extents) {
    const auto bytes = checked_bytes(extents, element);
    if (bytes >= 0 && static_cast<std::uint64_t>(bytes) <= most) return;
    throw error(fmt::format("its {} would take {} bytes, more than the file of {} bytes can hold", what,
                            bytes < 0 ? "more than 2^63" : fmt::format("{}", bytes), origin_->bytes));
  };
  refuse_above("data", std::vector<hsize_t>(shape_.begin(), shape_.end()));
  if (const auto chunk = chunk_of(list, shape_.size(), *origin_, name_); !chunk.empty()) refuse_above("chunk", chunk);
}

std::int64_t Dataset::row_elements() const {
  std::int64_t product = 1;
  for (std::size_t i = 1; i < shape_.size(); ++i) product *= shape_[i];
  return product;
}

std::int64_t Dataset::elements() const { return rows() * row_elements(); }

void Dataset::expect_shape(const Dimensions& expected) const {
  bool same = expected.size() == shape_.size();
  for (std::size_t i = 0; same && i < expected.size(); ++i)
    same = expected[i] < 0 || expected[i] == shape_[i];
  if (!same) throw error(fmt::format("has shape {}, expected {}", text_of(shape_), text_of(expected)));
}

void Dataset::read_raw(Type type, std::int64_t first, std::int64_t count, void* into,
                       std::size_t size) const {
  prepare_thread();
  if (!converts(type_, type)) throw error(fmt::format("is {}, expected {}", name_of(type_), name_of(type)));
  if (first < 0 || count < 0 || first > rows() - count)
    throw error(fmt::format("has {} rows, asked for rows {} to {}", rows(), first, first + count));
  if (static_cast<std::int64_t>(size) != count * row_elements())
    throw std::logic_error("hdf5: wrong buffer size");
  if (size == 0) return;
  const Handle space(check(H5Dget_space(id_.get()), *origin_, name_, "read it"), close_space);
  const Handle memory = select_rows(space, shape_, first, count, *origin_, name_);
  const Handle text = type == Type::text ? text_type(text_bytes_) : Handle();
  // An enum (h5py's booleans) does not convert to integers by itself; its own base type does.
  const Handle stored_type(check(H5Dget_type(id_.get()), *origin_, name_, "read it"), close_type);
  if (H5Tget_class(stored_type.get()) == H5T_ENUM && type != type_)
    throw error(fmt::format("is an enumeration over {}, expected {}", name_of(type_), name_of(type)));
  const Handle same(H5Tget_class(stored_type.get()) == H5T_ENUM
                        ? H5Tget_native_type(stored_type.get(), H5T_DIR_ASCEND)
                        : -1,
                    close_type);
  const hid_t element = type == Type::text ? text.get() : same.get() >= 0 ? same.get() : native(type);
  check(H5Dread(id_.get(), element, memory.get(), space.get(), H5P_DEFAULT, into), *origin_, name_,
        "read it");
}

// Whole chunks, so that none is unpacked twice.
void Dataset::read_through() const {
  if (type_ == Type::other) return;  // nobody reads it
  if (type_ == Type::text) {
    read_text();
    return;
  }
  constexpr std::int64_t piece = 4 << 20;  // bytes
  const auto row_bytes = row_elements() * static_cast<std::int64_t>(size_of(type_));
  const std::int64_t chunk = chunk_rows();
  const std::int64_t many = std::max<std::int64_t>(1, piece / std::max<std::int64_t>(1, row_bytes));
  const std::int64_t at_once = std::min(rows(), (many + chunk - 1) / chunk * chunk);
  std::vector<char> values(static_cast<std::size_t>(at_once * row_bytes));
  for (std::int64_t first = 0; first < rows(); first += at_once) {
    const auto count = std::min(at_once, rows() - first);
    read_raw(type_, first, count, values.data(), static_cast<std::size_t>(count * row_elements()));
  }
}

// 1 where it is not stored in chunks.
std::int64_t Dataset::chunk_rows() const {
  const Handle list(check(H5Dget_create_plist(id_.get()), *origin_, name_, "read how it is stored"), close_list);
  const auto chunk = chunk_of(list, shape_.size(), *origin_, name_);
  return chunk.empty() ? 1 : static_cast<std::int64_t>(chunk[0]);
}

std::vector<std::string> Dataset::read_text() const {
  prepare_thread();
  if (type_ != Type::text) throw error(fmt::format("is {}, expected text", name_of(type_)));
  const auto count = static_cast<std::size_t>(elements());
  std::vector<std::string> result;
  if (!variable_text_) {
    std::string bytes(count * text_bytes_, '\0');
    read_raw(Type::text, 0, rows(), bytes.data(), count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto value = bytes.substr(i * text_bytes_, text_bytes_);
      result.push_back(value.substr(0, value.find('\0')));
    }
    return result;
  }
  if (count == 0) return result;
  std::vector<char*> values(count, nullptr);
  const Handle type = text_type(0);
  const Handle space(check(H5Dget_space(id_.get()), *origin_, name_, "read it"), close_space);
  check(H5Dread(id_.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), *origin_, name_,
        "read it");
  for (const char* value : values) result.emplace_back(value == nullptr ? "" : value);
  check(H5Dvlen_reclaim(type.get(), space.get(), H5P_DEFAULT, values.data()), *origin_, name_, "read it");
  return result;
}

void Dataset::write_raw(Type type, std::int64_t first, const void* values, std::size_t size) {
  prepare_thread();
  const auto width = row_elements();
  if (type != type_) throw std::logic_error(fmt::format("hdf5: {} is {}", name_, name_of(type_)));
  const auto count = width == 0 ? 0 : static_cast<std::int64_t>(size) / width;
  if (count * width != static_cast<std::int64_t>(size) || first < 0 || first > rows() - count)
    throw std::logic_error(fmt::format("hdf5: {} rows at {} do not fit {}", count, first, name_));
  if (size == 0) return;
  const Handle space(check(H5Dget_space(id_.get()), *origin_, name_, "write it"), close_space);
  const Handle memory = select_rows(space, shape_, first, count, *origin_, name_);
  const Handle text = type == Type::text ? text_type(text_bytes_) : Handle();
  const hid_t element = type == Type::text ? text.get() : native(type);
  check(H5Dwrite(id_.get(), element, memory.get(), space.get(), H5P_DEFAULT, values), *origin_, name_,
        "write it");
}

void Dataset::resize(std::int64_t rows) {
  prepare_thread();
  auto shape = shape_;
  shape.at(0) = rows;
  const std::vector<hsize_t> extents(shape.begin(), shape.end());
  check(H5Dset_extent(id_.get(), extents.data()), *origin_, name_, "resize it");
  shape_ = std::move(shape);
}

}  // namespace fedsim::hdf5
