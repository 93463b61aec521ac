#include "data/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "core/error.h"
#include "data/input_file.h"

namespace fedsim {
namespace {

struct Header {
  std::string descr;  // "<f4"
  bool fortran = false;
  Shape shape;
  std::size_t data_offset = 0;
};

[[noreturn]] void fail(const std::string& where, const std::string& message) {
  throw DataError(fmt::format("{}: {}", where, message));
}

/// What stands after 'key': in the header's Python dictionary, spaces skipped.
std::string_view value_of(std::string_view header, std::string_view key, const std::string& where) {
  auto at = header.find(fmt::format("'{}'", key));
  if (at == std::string_view::npos) at = header.find(fmt::format("\"{}\"", key));
  if (at != std::string_view::npos) at = header.find(':', at);
  if (at == std::string_view::npos) fail(where, fmt::format("the NPY header has no '{}'", key));
  at = header.find_first_not_of(' ', at + 1);
  return at == std::string_view::npos ? std::string_view{} : header.substr(at);
}

Shape parse_shape(std::string_view text, const std::string& where) {
  Shape shape;
  const auto end = text.find(')');
  if (text.empty() || text.front() != '(' || end == std::string_view::npos)
    fail(where, "the NPY header's shape is damaged");
  text = text.substr(1, end - 1);
  while (!text.empty()) {
    std::int64_t dimension = 0;
    const auto [next, error] = std::from_chars(text.data(), text.data() + text.size(), dimension);
    if (error != std::errc{} || dimension < 0) fail(where, "the NPY header's shape is damaged");
    shape.push_back(dimension);
    text.remove_prefix(static_cast<std::size_t>(next - text.data()));
    while (!text.empty() && (text.front() == ',' || text.front() == ' ' || text.front() == 'L'))
      text.remove_prefix(1);
  }
  return shape;
}

Header parse_header(std::span<const std::uint8_t> bytes, const std::string& where) {
  if (bytes.size() < 10 || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0)
    fail(where, "not an NPY array: expected the first bytes \\x93NUMPY");
  const int version = bytes[6];
  if (version < 1 || version > 3)
    fail(where, fmt::format("NPY version {}.{}, expected 1 to 3", version, bytes[7]));
  const std::size_t prefix = version == 1 ? 10 : 12;
  std::size_t length = bytes[8] | std::size_t{bytes[9]} << 8;
  if (bytes.size() < prefix) fail(where, "the NPY header is cut");
  if (version > 1) length |= std::size_t{bytes[10]} << 16 | std::size_t{bytes[11]} << 24;
  if (bytes.size() - prefix < length)
    fail(where, fmt::format("the NPY header is cut: expected {} bytes", length));
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + prefix, length);
  Header header;
  header.data_offset = prefix + length;
  const auto descr = value_of(text, "descr", where);
  if (descr.starts_with('['))
    fail(
        where,
        "an array of records (structured dtype), expected plain numbers\nhelp: store each field as an array");
  if (descr.size() > 1) header.descr = descr.substr(1, descr.find(descr.front(), 1) - 1);
  header.fortran = value_of(text, "fortran_order", where).starts_with("True");
  header.shape = parse_shape(value_of(text, "shape", where), where);
  return header;
}

float half_to_float(std::uint16_t half) {  // IEEE 754 binary16
  const int exponent = half >> 10 & 0x1F, mantissa = half & 0x3FF;
  float value = exponent == 0    ? std::ldexp(static_cast<float>(mantissa), -24)
                : exponent == 31 ? (mantissa ? std::numeric_limits<float>::quiet_NaN()
                                             : std::numeric_limits<float>::infinity())
                                 : std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
  return half & 0x8000 ? -value : value;
}

/// The place in the file of element i of C order: the same, or the transposed one in Fortran order.
class Order {
 public:
  explicit Order(const Header& header) : fortran_(header.fortran), shape_(header.shape) {}
  std::size_t operator()(std::size_t index) const {
    if (!fortran_) return index;
    std::size_t place = 0;
    auto stride = static_cast<std::size_t>(elements(shape_));
    for (std::size_t axis = shape_.size();
         axis-- > 0;) {  // the last axis runs fastest in C, slowest in Fortran
      const auto size = static_cast<std::size_t>(shape_[axis]);
      stride /= size;
      place += index % size * stride;
      index /= size;
    }
    return place;
  }

 private:
  bool fortran_;
  Shape shape_;
};

template <class Stored, class Kept>
std::vector<Kept> load(const std::uint8_t* data, std::size_t count, bool swap, const Order& order) {
  std::vector<Kept> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::array<std::uint8_t, sizeof(Stored)> raw;
    std::memcpy(raw.data(), data + order(i) * sizeof(Stored), sizeof(Stored));
    if (swap) std::reverse(raw.begin(), raw.end());
    const auto stored = std::bit_cast<Stored>(raw);
    values[i] = static_cast<Kept>(stored);
  }
  return values;
}

/// int32 where all values fit.
template <class Stored>
Features load_integers(const std::uint8_t* data, std::size_t count, bool swap, const Order& order,
                       const std::string& where) {
  const auto wide = load<Stored, Stored>(data, count, swap, order);
  const auto fits = [](Stored value) { return std::in_range<std::int32_t>(value); };
  if (std::all_of(wide.begin(), wide.end(), fits)) return std::vector<std::int32_t>(wide.begin(), wide.end());
  for (std::size_t i = 0; i < count; ++i)
    if (std::cmp_greater(wide[i], std::int64_t{1} << 53) || std::cmp_less(wide[i], -(std::int64_t{1} << 53)))
      fail(where, fmt::format("{} at index {} is beyond 2^53 and would not be exact as a float", wide[i], i));
  return std::vector<double>(wide.begin(), wide.end());
}

Features load_any(const std::string& kind, const std::uint8_t* data, std::size_t count, bool swap,
                  const Order& order, const std::string& where) {
  if (kind == "b1" || kind == "u1") return load<std::uint8_t, std::uint8_t>(data, count, swap, order);
  if (kind == "i1") return load<std::int8_t, std::int32_t>(data, count, swap, order);
  if (kind == "i2") return load<std::int16_t, std::int32_t>(data, count, swap, order);
  if (kind == "u2") return load<std::uint16_t, std::int32_t>(data, count, swap, order);
  if (kind == "i4") return load<std::int32_t, std::int32_t>(data, count, swap, order);
  if (kind == "u4") return load_integers<std::uint32_t>(data, count, swap, order, where);
  if (kind == "i8") return load_integers<std::int64_t>(data, count, swap, order, where);
  if (kind == "u8") return load_integers<std::uint64_t>(data, count, swap, order, where);
  if (kind == "f4") return load<float, float>(data, count, swap, order);
  if (kind == "f8") return load<double, double>(data, count, swap, order);
  const auto halves = load<std::uint16_t, std::uint16_t>(data, count, swap, order);
  std::vector<float> values(count);
  std::transform(halves.begin(), halves.end(), values.begin(), half_to_float);
  return values;
}

void check_kind(const std::string& descr, const std::string& kind, const std::string& where) {
  if (descr.find('O') != std::string::npos)
    fail(where,
         "an array of Python objects (dtype object), which only pickle can read; pickle runs code and is "
         "never "
         "read\nhelp: store an array of numbers, as with x.astype('float32')");
  const Choices known{"b1", "u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"};
  if (std::find(known.begin(), known.end(), kind) == known.end())
    fail(where, fmt::format("dtype '{}', expected bool, an integer or a float of 16, 32 or 64 bits", descr));
}

}  // namespace

NpyArray parse_npy(std::span<const std::uint8_t> bytes, const std::string& where) {
  const auto header = parse_header(bytes, where);
  const auto kind =
      header.descr.size() > 1 && std::string_view("<>|=").find(header.descr[0]) != std::string_view::npos
          ? header.descr.substr(1)
          : header.descr;
  check_kind(header.descr, kind, where);
  const auto width = static_cast<std::int64_t>(kind[1] - '0');
  auto factors = header.shape;
  factors.push_back(width);
  const auto expected = checked_product(factors);
  const auto found = static_cast<std::int64_t>(bytes.size() - header.data_offset);
  if (!expected || *expected != found)
    fail(where, fmt::format("expected {} bytes of data (header says {} of {}), found {}",
                            expected ? std::to_string(*expected) : "more than 2^63", to_string(header.shape),
                            header.descr, found));
  const bool swap = width > 1 && header.descr[0] == (std::endian::native == std::endian::little ? '>' : '<');
  return {header.shape, load_any(kind, bytes.data() + header.data_offset,
                                 static_cast<std::size_t>(found / width), swap, Order(header), where)};
}

std::vector<std::int32_t> to_labels(const Features& values, const std::string& where) {
  return std::visit(
      [&](const auto& stored) {
        std::vector<std::int32_t> labels(stored.size());
        for (std::size_t i = 0; i < stored.size(); ++i) {
          const auto value = static_cast<double>(stored[i]);
          if (!(std::abs(value) <= std::numeric_limits<std::int32_t>::max()) || value != std::floor(value))
            fail(where, fmt::format("label {} at index {}; expected whole numbers from 0", value, i));
          labels[i] = static_cast<std::int32_t>(value);
        }
        return labels;
      },
      values);
}

}  // namespace fedsim
