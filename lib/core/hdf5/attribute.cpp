#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/hdf5/api.h"

namespace fedsim::hdf5 {
namespace {

herr_t collect(hid_t, const char* name, const H5A_info_t*, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

constexpr std::size_t longest_text = 64u << 20;  // bytes: configs are capped at 16 MB

}  // namespace

Error Node::error(const std::string& what) const {
  return Error(origin_->exit, fmt::format("{}: {}: {}", origin_->path, name_, what));
}

bool Node::has_attribute(const std::string& attribute) const {
  prepare_thread();
  return check(H5Aexists(id_.get(), attribute.c_str()), *origin_, name_, "read its attributes") > 0;
}

std::vector<std::string> Node::attributes() const {
  prepare_thread();
  std::vector<std::string> names;
  check(H5Aiterate2(id_.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names), *origin_, name_,
        "read its attributes");
  std::sort(names.begin(), names.end());
  return names;
}

AttributeValue Node::attribute(const std::string& attribute) const {
  if (!has_attribute(attribute)) throw error(fmt::format("has no attribute '{}'", attribute));
  const std::string object = fmt::format("{}: attribute '{}'", name_, attribute);
  const auto done = [&](auto result) { return check(result, *origin_, object, "read it"); };
  const auto refuse = [&](const char* what) {
    return error(fmt::format("attribute '{}': {}", attribute, what));
  };
  const Handle id(done(H5Aopen(id_.get(), attribute.c_str(), H5P_DEFAULT)), close_attribute);
  const Handle space(done(H5Aget_space(id.get())), close_space);
  if (H5Sget_simple_extent_npoints(space.get()) != 1) throw refuse("is not a single value");
  const Handle type(done(H5Aget_type(id.get())), close_type);
  const Type kind = classify(type.get());
  if (kind == Type::other) throw refuse("is neither text nor a number");
  if (kind == Type::float32 || kind == Type::float64) {
    double value = 0;
    done(H5Aread(id.get(), H5T_NATIVE_DOUBLE, &value));
    return value;
  }
  if (kind != Type::text) {
    if (H5Tget_class(type.get()) == H5T_ENUM) throw refuse("is an enumeration");
    std::int64_t value = 0;
    done(H5Aread(id.get(), H5T_NATIVE_INT64, &value));
    if (kind == Type::uint64 && value == std::numeric_limits<std::int64_t>::max())
      throw refuse("is above 2^63 - 1");
    return value;
  }
  if (done(H5Tis_variable_str(type.get())) > 0) {
    char* value = nullptr;
    const Handle memory(done(H5Tcopy(type.get())), close_type);
    done(H5Aread(id.get(), memory.get(), &value));
    std::string text = value == nullptr ? "" : value;
    if (value != nullptr) done(H5free_memory(value));
    return text;
  }
  const std::size_t bytes = H5Tget_size(type.get());
  if (bytes > longest_text) throw refuse("is text of more than 64 MiB");
  std::string text(bytes, '\0');
  done(H5Aread(id.get(), type.get(), text.data()));
  return text.substr(0, text.find('\0'));
}

std::string Node::text(const std::string& name) const {
  auto value = attribute(name);
  if (auto* text = std::get_if<std::string>(&value)) return std::move(*text);
  throw error(fmt::format("attribute '{}' is a number, expected text", name));
}

std::int64_t Node::integer(const std::string& name) const {
  const auto value = attribute(name);
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  throw error(fmt::format("attribute '{}' is not an integer", name));
}

double Node::number(const std::string& name) const {
  const auto value = attribute(name);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return static_cast<double>(*number);
  throw error(fmt::format("attribute '{}' is text, expected a number", name));
}

Handle Node::attribute_to_write(const std::string& attribute, std::int64_t type) {
  const std::string object = fmt::format("{}: attribute '{}'", name_, attribute);
  const auto done = [&](auto result) { return check(result, *origin_, object, "write it"); };
  if (has_attribute(attribute)) return Handle(done(H5Aopen(id_.get(), attribute.c_str(), H5P_DEFAULT)), close_attribute);
  const Handle space(done(H5Screate(H5S_SCALAR)), close_space);
  return Handle(done(H5Acreate2(id_.get(), attribute.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT)),
                close_attribute);
}

void Node::set(const std::string& attribute, const AttributeValue& value) {
  const std::string object = fmt::format("{}: attribute '{}'", name_, attribute);
  const auto done = [&](auto result) { return check(result, *origin_, object, "write it"); };
  const Handle text = std::holds_alternative<std::string>(value) ? text_type(0) : Handle();
  const bool integer = std::holds_alternative<std::int64_t>(value);
  const hid_t type = text.get() >= 0 ? text.get() : integer ? H5T_STD_I64LE : H5T_IEEE_F64LE;
  const Handle id = attribute_to_write(attribute, type);
  if (const auto* words = std::get_if<std::string>(&value)) {
    const char* start = words->c_str();
    done(H5Awrite(id.get(), type, &start));
  } else if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    done(H5Awrite(id.get(), H5T_NATIVE_INT64, whole));
  } else {
    done(H5Awrite(id.get(), H5T_NATIVE_DOUBLE, &std::get<double>(value)));
  }
}

void Node::set_in_place(const std::string& attribute, const std::string& text) {
  prepare_thread();
  const Handle type = text_type(text.size());
  const Handle id = attribute_to_write(attribute, type.get());
  check(H5Awrite(id.get(), type.get(), text.data()), *origin_, fmt::format("{}: attribute '{}'", name_, attribute),
        "write it");
}

}  // namespace fedsim::hdf5
