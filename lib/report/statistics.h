// Means, spreads and Student's t.
#pragma once

#include <vector>

namespace fedsim {

double mean(const std::vector<double>& values);                // NaN where there are none
double standard_deviation(const std::vector<double>& values);  // of a sample (n - 1); NaN below two values

/// The value that Student's t with `freedom` degrees stays below with probability p; 0 < p < 1, freedom > 0.
double student_t_quantile(double p, double freedom);

/// Half the width of the confidence interval of the mean; NaN below two values.
double confidence_half_width(const std::vector<double>& values, double level = 0.95);

}  // namespace fedsim
