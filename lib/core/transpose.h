// Matrices turned, a square of registers at a time.
#pragma once

#include <cstdint>

namespace fedsim {

/// y[j, i] = x[i, j], i < rows, j < columns. Rows begin x_row and y_row values apart. The two do not overlap.
void transpose(const float* x, std::int64_t rows, std::int64_t columns, std::int64_t x_row, float* y, std::int64_t y_row);
void transpose(const double* x, std::int64_t rows, std::int64_t columns, std::int64_t x_row, double* y, std::int64_t y_row);
void transpose(const std::int64_t* x, std::int64_t rows, std::int64_t columns, std::int64_t x_row, std::int64_t* y,
               std::int64_t y_row);

}  // namespace fedsim
