// The list of words that a vocabulary is made of: a JSON object {"word": count, ...}, as TensorFlow
// Federated's stackoverflow.word_count.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace fedsim {

/// The `most` words with the greatest counts, in that order; equal counts in the order of the file. Throws
/// DataError with the byte where the text is not such an object, and where there are fewer words.
std::vector<std::string> most_frequent_words(const std::filesystem::path& path, std::size_t most);

}  // namespace fedsim
