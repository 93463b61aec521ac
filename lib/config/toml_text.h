// Values as TOML text, for the resolved config. What is written reads back to the same bits.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fedsim {

std::string toml_string(std::string_view text);                 // quoted, escaped
std::string toml_float(double value);                           // shortest text that reads back
std::string toml_array(const std::vector<std::string>& items);  // of finished TOML values

}  // namespace fedsim
