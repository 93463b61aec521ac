#include "cli/result_file.h"

#include <fmt/format.h>
#include <hdf5.h>

#include <utility>

#include "catch.hpp"

namespace fedsim::test {
namespace {

/// An HDF5 identifier that is closed.
class Id {
 public:
  Id(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) { REQUIRE(id_ >= 0); }
  Id(Id&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Id& operator=(Id&&) = delete;
  ~Id() {
    if (id_ >= 0) close_(id_);
  }
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

Id open_file(const std::filesystem::path& file) {
  INFO(file);
  REQUIRE(std::filesystem::exists(file));
  return {H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose};
}

std::size_t elements_of(hid_t dataset) {
  const Id space(H5Dget_space(dataset), H5Sclose);
  return static_cast<std::size_t>(H5Sget_simple_extent_npoints(space));
}

#if H5_VERSION_GE(1, 12, 0)
using ObjectInfo = H5O_info2_t;
#else
using ObjectInfo = H5O_info_t;
#endif

herr_t collect_name(hid_t, const char* name, const ObjectInfo* info, void* names) {
  if (info->type == H5O_TYPE_DATASET) static_cast<std::vector<std::string>*>(names)->push_back(name);
  return 0;
}

herr_t visit(hid_t file, std::vector<std::string>& names) {
#if H5_VERSION_GE(1, 12, 0)
  return H5Ovisit3(file, H5_INDEX_NAME, H5_ITER_INC, collect_name, &names, H5O_INFO_BASIC);
#else
  return H5Ovisit(file, H5_INDEX_NAME, H5_ITER_INC, collect_name, &names);
#endif
}

template <class T>
void write_array(hid_t file, const char* name, const std::vector<hsize_t>& shape, hid_t type,
                 const std::vector<T>& values) {
  const Id space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose);
  REQUIRE(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)) == values.size());
  const Id dataset(H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
  REQUIRE(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
}

}  // namespace

std::vector<double> read_numbers(const std::filesystem::path& file, const std::string& dataset) {
  const Id opened = open_file(file);
  INFO(dataset);
  const Id data(H5Dopen2(opened, dataset.c_str(), H5P_DEFAULT), H5Dclose);
  std::vector<double> values(elements_of(data));
  REQUIRE(H5Dread(data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
  return values;
}

std::string read_attribute(const std::filesystem::path& file, const std::string& name) {
  const Id opened = open_file(file);
  INFO(name);
  const Id attribute(H5Aopen(opened, name.c_str(), H5P_DEFAULT), H5Aclose);
  const Id type(H5Aget_type(attribute), H5Tclose);
  REQUIRE(H5Tis_variable_str(type) > 0);  // interface: attributes are variable-length UTF-8 scalars
  char* text = nullptr;
  REQUIRE(H5Aread(attribute, type, &text) >= 0);
  std::string result = text;
  H5free_memory(text);
  return result;
}

std::int64_t read_integer_attribute(const std::filesystem::path& file, const std::string& name) {
  const Id opened = open_file(file);
  INFO(name);
  const Id attribute(H5Aopen(opened, name.c_str(), H5P_DEFAULT), H5Aclose);
  std::int64_t value = 0;
  REQUIRE(H5Aread(attribute, H5T_NATIVE_INT64, &value) >= 0);
  return value;
}

std::map<std::string, std::string> read_all(const std::filesystem::path& file) {
  const Id opened = open_file(file);
  std::vector<std::string> names;
  REQUIRE(visit(opened, names) >= 0);
  std::map<std::string, std::string> result;
  for (const auto& name : names) {
    const Id data(H5Dopen2(opened, name.c_str(), H5P_DEFAULT), H5Dclose);
    const Id type(H5Dget_type(data), H5Tclose);
    const Id space(H5Dget_space(data), H5Sclose);
    std::vector<hsize_t> shape(static_cast<std::size_t>(H5Sget_simple_extent_ndims(space)));
    H5Sget_simple_extent_dims(space, shape.data(), nullptr);
    std::string bytes(elements_of(data) * H5Tget_size(type), '\0');
    if (!bytes.empty()) REQUIRE(H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) >= 0);
    std::string head = fmt::format("class {} size {} shape", static_cast<int>(H5Tget_class(type)), H5Tget_size(type));
    for (const hsize_t extent : shape) head += fmt::format(" {}", extent);
    result[name] = head + "\n" + bytes;
  }
  return result;
}

std::map<std::string, std::string> read_reproducible(const std::filesystem::path& file) {
  auto datasets = read_all(file);
  std::erase_if(datasets, [](const auto& entry) { return entry.first.find("seconds") != std::string::npos; });
  return datasets;
}

void write_quadratic(const std::filesystem::path& file, const QuadraticFile& data) {
  const Id created(H5Fcreate(file.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
  const hsize_t d = data.dimension, clients = data.center.size() / data.dimension;
  write_array(created, "H", {clients, d, d}, H5T_NATIVE_DOUBLE, data.hessian);
  write_array(created, "c", {clients, d}, H5T_NATIVE_DOUBLE, data.center);
  if (!data.samples.empty()) write_array(created, "samples", {clients}, H5T_NATIVE_INT64, data.samples);
  if (!data.steps.empty()) write_array(created, "steps", {clients}, H5T_NATIVE_INT64, data.steps);
  if (!data.start.empty()) write_array(created, "w0", {d}, H5T_NATIVE_DOUBLE, data.start);
}

}  // namespace fedsim::test
