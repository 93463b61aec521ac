// Where the data is. A data set called NAME lies in the folder NAME of a data folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace fedsim {

/// The data folders in the order in which they are tried: $FEDSIM_DATA; data.root where written;
/// datasets/data under the working directory, then under the source tree of the build; <prefix>/share/fedsim;
/// the system's package folder /usr/share/datasets. Those that are not set are left out.
std::vector<std::filesystem::path> data_folders(const DataContext& context);

/// The folder of the data set `name`: the first FOLDER/name, or FOLDER itself where that is called `name`,
/// that holds any of `files` (each also as file.gz). Throws DataError that lists all that was tried and names
/// the script.
std::filesystem::path find_dataset(const DataContext& context, const std::string& name,
                                   const std::vector<std::string>& files);

/// folder/file or folder/file.gz, whichever is there. Throws DataError.
std::filesystem::path plain_or_gzip(const std::filesystem::path& folder, const std::string& file);

}  // namespace fedsim
