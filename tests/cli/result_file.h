// Reads and writes HDF5 with the plain C API: a reader that shares nothing with the program it checks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace fedsim::test {

/// A dataset of numbers as float64 (exact for float32, and for integers below 2^53).
std::vector<double> read_numbers(const std::filesystem::path& file, const std::string& dataset);
/// An attribute of "/", text.
std::string read_attribute(const std::filesystem::path& file, const std::string& name);
/// An attribute of "/", a number.
std::int64_t read_integer_attribute(const std::filesystem::path& file, const std::string& name);
/// Every dataset by path: its type's class and size, its extent, and its bytes.
std::map<std::string, std::string> read_all(const std::filesystem::path& file);
/// read_all without the timings, which may differ between equal runs.
std::map<std::string, std::string> read_reproducible(const std::filesystem::path& file);

/// dataset = "quadratic": client k has f_k(w) = 1/2 (w - c_k)' H_k (w - c_k).
struct QuadraticFile {
  std::size_t dimension = 1;
  std::vector<double> hessian{};        // [N, d, d]
  std::vector<double> center{};         // [N, d]
  std::vector<std::int64_t> samples{};  // [N] or empty
  std::vector<std::int64_t> steps{};    // [N] or empty
  std::vector<double> start{};          // [d] or empty
};
void write_quadratic(const std::filesystem::path& file, const QuadraticFile& data);

}  // namespace fedsim::test
