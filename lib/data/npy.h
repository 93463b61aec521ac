// NumPy's array format NPY, versions 1 to 3 (numpy.lib.format).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/samples.h"

namespace fedsim {

struct NpyArray {
  Shape shape;
  /// In C order. bool and uint8 stay uint8; float16 and float32 are float, float64 is double; other integers
  /// are int32 where they all fit, else double (refused beyond 2^53).
  Features values;
};

/// `where` names file and entry in messages. Either byte order and Fortran order are read. Throws DataError:
/// no NPY, an object array (only pickle can read it), complex, text, dates, records; a size other than the
/// header says.
NpyArray parse_npy(std::span<const std::uint8_t> bytes, const std::string& where);

/// Labels from an integer array, or from whole numbers stored as floats. Throws DataError.
std::vector<std::int32_t> to_labels(const Features& values, const std::string& where);

}  // namespace fedsim
