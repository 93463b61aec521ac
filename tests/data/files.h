// Small files that tests of readers write for themselves.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "data/dataset.h"
#include "temporary_folder.hpp"

namespace fedsim::test {

using TempFolder = TemporaryFolder;

void write_file(const std::filesystem::path& path, const std::string& content);
std::string gzip(const std::string& content);

/// An IDX file: magic 0x0000 08 dims, big-endian dimensions, values.
std::string idx(const std::vector<std::uint32_t>& shape, const std::string& values);

/// The message of the error of exit code `data` that `load` throws; "" where it throws none.
template <class Load>
std::string data_error(Load&& load);

/// Loads a registered source with some of its options set; a name that the source does not have throws.
using OptionValue = std::variant<std::string, double, std::int64_t, bool, std::vector<std::string>>;
Dataset load_source(const std::string& source, const std::map<std::string, OptionValue>& options,
                    const DataContext& context = {});

/// Rows [first, first + count) of x and y.
struct Gathered {
  std::vector<float> x;
  std::vector<std::int32_t> y;
};
Gathered gather(const Samples& samples, std::int64_t first, std::int64_t count, const Dataset& data);

}  // namespace fedsim::test

#include "core/error.h"

template <class Load>
std::string fedsim::test::data_error(Load&& load) {
  try {
    load();
  } catch (const Error& error) {
    if (error.exit() != Exit::data) throw;
    return error.what();
  }
  return "";
}
