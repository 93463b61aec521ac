#include "core/hdf5/api.h"

#include <fmt/format.h>

#include <new>

namespace fedsim::hdf5 {
namespace {

herr_t keep_innermost(unsigned index, const H5E_error2_t* error, void* text) {
  if (index == 0 && error->desc != nullptr) *static_cast<std::string*>(text) = error->desc;
  return 0;
}

}  // namespace

std::string version() {
  prepare_thread();
  unsigned major = 0, minor = 0, release = 0;
  if (H5get_libversion(&major, &minor, &release) < 0) return "unknown";
  return fmt::format("{}.{}.{}", major, minor, release);
}

void prepare_thread() {
  // Every file is closed by whoever opened it. At the end of the process HDF5 would close what failed to close before,
  // on a full disk say, once more: a crash in 1.10.8.
  static const bool no_exit_handler = H5dont_atexit() >= 0;
  (void)no_exit_handler;  // fails where another part of the program has started HDF5 before: then it keeps its own
  // The error stack and its printing are per thread in thread-safe builds of HDF5.
  thread_local const bool prepared = [] {
    return H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr) >= 0 && H5PLset_loading_state(0) >= 0;
  }();
  if (!prepared) throw std::runtime_error("HDF5 could not start");
}

std::string last_reason() {
  std::string reason;
  if (H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, &reason) < 0) return "";
  // "file write failed: time = ..., errno = 28, error message = 'No space left on device', buf = 0x..." is
  // told by the system's message alone.
  const std::string mark = "error message = '";
  if (const auto begin = reason.find(mark); begin != std::string::npos) {
    const auto end = reason.find('\'', begin + mark.size());
    return reason.substr(begin + mark.size(), end == std::string::npos ? end : end - begin - mark.size());
  }
  return reason;
}

void fail(const Origin& origin, const std::string& object, const std::string& what) {
  const std::string reason = last_reason();
  const std::string where = object.empty() ? origin.path : fmt::format("{}: {}", origin.path, object);
  const std::string tail = reason.empty() ? "" : fmt::format(": {}", reason);
  throw Error(origin.exit, fmt::format("{}: can't {}{}", where, what, tail));
}

Handle::Handle(std::int64_t id, int (*close)(std::int64_t)) {
  if (id < 0) return;
  id_ = std::shared_ptr<std::int64_t>(new std::int64_t(id), [close](const std::int64_t* held) {
    if (*held >= 0) close(*held);  // errors of closing matter for the file only, where File::close flushes first and reports
    delete held;
  });
}

const char* name_of(Type type) {
  switch (type) {
    case Type::int8:
      return "int8";
    case Type::uint8:
      return "uint8";
    case Type::int16:
      return "int16";
    case Type::uint16:
      return "uint16";
    case Type::int32:
      return "int32";
    case Type::uint32:
      return "uint32";
    case Type::int64:
      return "int64";
    case Type::uint64:
      return "uint64";
    case Type::float32:
      return "float32";
    case Type::float64:
      return "float64";
    case Type::text:
      return "text";
    case Type::other:
      break;
  }
  return "a type that fedsim does not read";
}

std::size_t size_of(Type type) {
  switch (type) {
    case Type::int8:
    case Type::uint8:
      return 1;
    case Type::int16:
    case Type::uint16:
      return 2;
    case Type::int32:
    case Type::uint32:
    case Type::float32:
      return 4;
    case Type::int64:
    case Type::uint64:
    case Type::float64:
      return 8;
    case Type::text:
    case Type::other:
      break;
  }
  return 0;
}

hid_t native(Type type) {
  switch (type) {
    case Type::int8:
      return H5T_NATIVE_INT8;
    case Type::uint8:
      return H5T_NATIVE_UINT8;
    case Type::int16:
      return H5T_NATIVE_INT16;
    case Type::uint16:
      return H5T_NATIVE_UINT16;
    case Type::int32:
      return H5T_NATIVE_INT32;
    case Type::uint32:
      return H5T_NATIVE_UINT32;
    case Type::int64:
      return H5T_NATIVE_INT64;
    case Type::uint64:
      return H5T_NATIVE_UINT64;
    case Type::float32:
      return H5T_NATIVE_FLOAT;
    case Type::float64:
      return H5T_NATIVE_DOUBLE;
    case Type::text:
    case Type::other:
      break;
  }
  return -1;
}

hid_t stored(Type type) {
  switch (type) {
    case Type::int8:
      return H5T_STD_I8LE;
    case Type::uint8:
      return H5T_STD_U8LE;
    case Type::int16:
      return H5T_STD_I16LE;
    case Type::uint16:
      return H5T_STD_U16LE;
    case Type::int32:
      return H5T_STD_I32LE;
    case Type::uint32:
      return H5T_STD_U32LE;
    case Type::int64:
      return H5T_STD_I64LE;
    case Type::uint64:
      return H5T_STD_U64LE;
    case Type::float32:
      return H5T_IEEE_F32LE;
    case Type::float64:
      return H5T_IEEE_F64LE;
    case Type::text:
    case Type::other:
      break;
  }
  return -1;
}

Type classify(hid_t type) {
  const auto size = H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_STRING:
      return Type::text;
    case H5T_FLOAT:
      return size == 4 ? Type::float32 : size == 8 ? Type::float64 : Type::other;
    case H5T_INTEGER: {
      const bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
      if (size == 1) return is_signed ? Type::int8 : Type::uint8;
      if (size == 2) return is_signed ? Type::int16 : Type::uint16;
      if (size == 4) return is_signed ? Type::int32 : Type::uint32;
      if (size == 8) return is_signed ? Type::int64 : Type::uint64;
      return Type::other;
    }
    case H5T_ENUM: {  // h5py stores booleans so: read as the integers behind
      const Handle base(H5Tget_super(type), close_type);
      return base.get() < 0 ? Type::other : classify(base.get());
    }
    default:
      return Type::other;
  }
}

Handle text_type(std::size_t bytes) {
  Handle type(H5Tcopy(H5T_C_S1), close_type);
  if (type.get() < 0 || H5Tset_size(type.get(), bytes == 0 ? H5T_VARIABLE : bytes) < 0 ||
      H5Tset_cset(type.get(), H5T_CSET_UTF8) < 0)
    throw std::bad_alloc();
  if (bytes != 0 && H5Tset_strpad(type.get(), H5T_STR_NULLPAD) < 0) throw std::bad_alloc();
  return type;
}

}  // namespace fedsim::hdf5
