// Internal to this folder: HDF5's API with checked returns.
#pragma once

#include <hdf5.h>

#include <string>

#include "core/hdf5/file.h"

namespace fedsim::hdf5 {

static_assert(sizeof(hid_t) == sizeof(std::int64_t), "HDF5 1.10 or later is needed");

/// Silences HDF5's printing of errors in this thread and forbids filter plugins. Cheap; called by every
/// operation.
void prepare_thread();
/// The innermost reason on HDF5's error stack, "" where there is none.
std::string last_reason();

[[noreturn]] void fail(const Origin& origin, const std::string& object, const std::string& what);

/// Returns `result` of an HDF5 call, or throws "FILE: OBJECT: can't WHAT: REASON".
template <class Result>
Result check(Result result, const Origin& origin, const std::string& object, const char* what) {
  if (result < 0) fail(origin, object, what);
  return result;
}

inline int close_file(std::int64_t id) { return H5Fclose(id); }
inline int close_group(std::int64_t id) { return H5Gclose(id); }
inline int close_dataset(std::int64_t id) { return H5Dclose(id); }
inline int close_space(std::int64_t id) { return H5Sclose(id); }
inline int close_type(std::int64_t id) { return H5Tclose(id); }
inline int close_list(std::int64_t id) { return H5Pclose(id); }
inline int close_attribute(std::int64_t id) { return H5Aclose(id); }

hid_t native(Type type);              // memory type; -1 for text and other
hid_t stored(Type type);              // little-endian file type
Type classify(hid_t type);            // of a file type
Handle text_type(std::size_t bytes);  // UTF-8; 0: variable length, else null padded

}  // namespace fedsim::hdf5
