// Small RAII types over HDF5's C API. No other folder includes <hdf5.h>.
//
//   const auto file = hdf5::File::open("q.h5");
//   const auto dataset = file.root().dataset("H");       // refuses links, virtual data, unknown filters
//   dataset.expect_shape({clients, d, d});
//   const auto values = dataset.read<double>();
//
// Every failure is a fedsim::Error with the file, the object and HDF5's own reason: exit code `data` for a
// file that was opened, `output` for one that is written. Not for use from two threads at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/error.h"

namespace fedsim::hdf5 {

/// Version of the library that runs, "1.10.8".
std::string version();

using Dimensions = std::vector<std::int64_t>;

/// Types of elements that we read and write; `other` is everything else (compound, references, ...).
enum class Type { int8, uint8, int16, uint16, int32, uint32, int64, uint64, float32, float64, text, other };
const char* name_of(Type type);
std::size_t size_of(Type type);  // bytes; 0 for text and other

template <class T>
constexpr Type type_of();
template <>
constexpr Type type_of<std::int8_t>() {
  return Type::int8;
}
template <>
constexpr Type type_of<std::uint8_t>() {
  return Type::uint8;
}
template <>
constexpr Type type_of<std::int16_t>() {
  return Type::int16;
}
template <>
constexpr Type type_of<std::uint16_t>() {
  return Type::uint16;
}
template <>
constexpr Type type_of<std::int32_t>() {
  return Type::int32;
}
template <>
constexpr Type type_of<std::uint32_t>() {
  return Type::uint32;
}
template <>
constexpr Type type_of<std::int64_t>() {
  return Type::int64;
}
template <>
constexpr Type type_of<std::uint64_t>() {
  return Type::uint64;
}
template <>
constexpr Type type_of<float>() {
  return Type::float32;
}
template <>
constexpr Type type_of<double>() {
  return Type::float64;
}

/// An HDF5 identifier, closed with its last copy. `close` is H5Dclose and the like.
class Handle {
 public:
  Handle() = default;
  Handle(std::int64_t id, int (*close)(std::int64_t));
  std::int64_t get() const { return id_ ? *id_ : -1; }
  void reset() { id_.reset(); }
  /// For whoever has closed it: no copy will.
  void forget() {
    if (id_) *id_ = -1;
    id_.reset();
  }

 private:
  std::shared_ptr<std::int64_t> id_;
};

/// What every object knows of its file, for messages and for checks of sizes.
struct Origin {
  std::string path;
  Exit exit = Exit::data;
  std::uint64_t bytes = 0;  // of the file when it was opened; 0: we write it
};

using AttributeValue = std::variant<std::string, std::int64_t, double>;

/// A group or dataset: what can carry attributes. Copies share the object.
class Node {
 public:
  const std::string& name() const { return name_; }  // "/rounds/test_loss"
  bool has_attribute(const std::string& attribute) const;
  std::vector<std::string> attributes() const;  // sorted by name
  /// Scalars: text of fixed or variable length, integers, floats. Throws for anything else.
  AttributeValue attribute(const std::string& attribute) const;
  std::string text(const std::string& attribute) const;
  std::int64_t integer(const std::string& attribute) const;
  double number(const std::string& attribute) const;  // an integer is taken too
  /// Creates or overwrites. Text is a variable-length UTF-8 scalar. The type of an existing one must agree.
  void set(const std::string& attribute, const AttributeValue& value);
  /// The same for text that always has the same length: it lies in the object's header, where overwriting it moves
  /// nothing, so that a kill or a loss of power leaves the old text or the new one.
  void set_in_place(const std::string& attribute, const std::string& text);

  /// The error to throw about this object: "FILE: NAME: what".
  Error error(const std::string& what) const;

 protected:
  Node(Handle id, std::string name, std::shared_ptr<const Origin> origin)
      : id_(std::move(id)), name_(std::move(name)), origin_(std::move(origin)) {}
  Handle id_;
  std::string name_;
  std::shared_ptr<const Origin> origin_;

 private:
  Handle attribute_to_write(const std::string& attribute, std::int64_t type);
};

class Dataset : public Node {
 public:
  Type type() const { return type_; }
  const Dimensions& shape() const { return shape_; }
  std::int64_t rows() const { return shape_.empty() ? 1 : shape_[0]; }
  std::int64_t elements() const;  // checked when opened: the bytes fit what the file can hold
  std::size_t text_bytes() const { return text_bytes_; }  // of one fixed-length string; 0: variable length

  /// Throws "has shape 3x4, expected 3x*"; -1 stands for any extent.
  void expect_shape(const Dimensions& expected) const;

  /// All values, or rows [first, first + count). Integers widen, integers become floats, floats convert among
  /// themselves; whatever could change a whole number is refused ("is float64, expected int32").
  template <class T>
  std::vector<T> read() const {
    std::vector<T> values(static_cast<std::size_t>(elements()));
    read_raw(type_of<T>(), 0, rows(), values.data(), values.size());
    return values;
  }
  template <class T>
  std::vector<T> read_rows(std::int64_t first, std::int64_t count) const {
    std::vector<T> values(static_cast<std::size_t>(row_elements() * count));
    read_raw(type_of<T>(), first, count, values.data(), values.size());
    return values;
  }
  template <class T>
  void read_rows(std::int64_t first, std::int64_t count, std::span<T> into) const {
    read_raw(type_of<T>(), first, count, into.data(), into.size());
  }
  /// Reads every value once and keeps none, in pieces of a few MiB or of whole chunks.
  void read_through() const;
  /// A list of strings, fixed (nulls or spaces padded) or variable length.
  std::vector<std::string> read_text() const;

  /// Rows [first, first + count); `values` holds count x the rest of the shape. Types must be the same.
  template <class T>
  void write_rows(std::int64_t first, std::span<const T> values) {
    write_raw(type_of<T>(), first, values.data(), values.size());
  }
  void resize(std::int64_t rows);  // chunked datasets made by Group::create
  std::int64_t row_elements() const;

 private:
  friend class Group;
  Dataset(Handle id, std::string name, std::shared_ptr<const Origin> origin);
  void read_raw(Type type, std::int64_t first, std::int64_t count, void* into, std::size_t size) const;
  void write_raw(Type type, std::int64_t first, const void* values, std::size_t size);
  void check_storage() const;
  std::int64_t chunk_rows() const;

  Type type_ = Type::other;
  std::size_t text_bytes_ = 0;
  bool variable_text_ = false;
  Dimensions shape_;
};

class Group : public Node {
 public:
  std::vector<std::string> children() const;  // sorted by name; one level
  bool has(const std::string& path) const;    // "a/b" too; a link of a kind that we refuse counts as there
  bool is_group(const std::string& path) const;
  /// Throw where there is none, where a link on the way is soft or external, or where the storage is refused.
  Group group(const std::string& path) const;
  Dataset dataset(const std::string& path) const;

  Group create_group(const std::string& name);
  /// Chunked, Fletcher32, unlimited in rows, all space allocated and filled with `0` (NaN for floats where
  /// asked). A chunk has `chunk_rows` rows; 0: as many as make 64 KiB or so.
  template <class T>
  Dataset create(const std::string& name, const Dimensions& shape, std::int64_t chunk_rows = 0,
                 bool fill_nan = false) {
    return create_raw(name, type_of<T>(), 0, shape, chunk_rows, fill_nan);
  }
  /// Creates and writes everything.
  template <class T>
  Dataset write(const std::string& name, const Dimensions& shape, std::span<const T> values) {
    auto dataset = create<T>(name, shape);
    dataset.template write_rows<T>(0, values);
    return dataset;
  }
  /// Fixed-length UTF-8, null padded, as long as the longest.
  Dataset write_text(const std::string& name, const std::vector<std::string>& values);
  void remove(const std::string& name);

 private:
  friend class File;
  Group(Handle id, std::string name, std::shared_ptr<const Origin> origin)
      : Node(std::move(id), std::move(name), std::move(origin)) {}
  Dataset create_raw(const std::string& name, Type type, std::size_t text_bytes, const Dimensions& shape,
                     std::int64_t chunk_rows, bool fill_nan);
  std::string child(const std::string& path) const;
  void check_links(const std::string& path) const;
};

class File {
 public:
  /// For reading. `exit`: the code of errors about this file.
  static File open(const std::filesystem::path& path, Exit exit = Exit::data);
  /// The same for a file of unknown origin: its objects and the ends of its data are read in a child first, as HDF5 1.10
  /// crashes on some damaged files, or takes gigabytes.
  static File open_foreign(const std::filesystem::path& path);
  /// For reading and writing an existing file of ours.
  static File open_to_write(const std::filesystem::path& path);
  /// A new file; exists already: an OutputError. Raw data of half a KiB and more starts at a page, so that a
  /// chunk of up to 4096 bytes is written by one page copy, which a kill can't split.
  static File create(const std::filesystem::path& path);

  File(File&&) = default;
  File& operator=(File&&) = default;
  ~File();

  Group root() const;
  bool open() const { return id_.get() >= 0; }
  const std::string& path() const { return origin_->path; }
  void flush();  // H5Fflush: what HDF5 holds goes to the kernel. A full disk shows here, not before
  void sync();   // flush, then fsync
  /// Flushes and closes with errors; the destructor closes without.
  void close();
  /// Renames the open file; messages name it by its new path from here on.
  void rename(const std::filesystem::path& to);
  /// After a failed write: closes without writing anything more, so that what was flushed before stays as it
  /// is.
  void abandon();

 private:
  File(Handle id, std::shared_ptr<Origin> origin) : id_(std::move(id)), origin_(std::move(origin)) {}
  int descriptor() const;
  Handle id_;
  std::shared_ptr<Origin> origin_;
};

}  // namespace fedsim::hdf5
