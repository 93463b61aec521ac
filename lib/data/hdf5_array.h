// Arrays of an HDF5 file, in the type in which they are stored.
#pragma once

#include "core/hdf5/file.h"
#include "data/arrays.h"

namespace fedsim {

/// uint8, float32 and float64 as they are; other integers as int32, or as double where some do not fit.
/// Throws DataError for uint64, text and everything else.
Array read_array(const hdf5::Dataset& dataset, const std::string& file);

}  // namespace fedsim
