// Small helpers for text that a person reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fedsim {

/// Damerau-Levenshtein distance (optimal string alignment): insertions, deletions, substitutions and swaps of
/// neighbours, each 1.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// "a, b or c".
std::string list_of(const std::vector<std::string>& words, std::string_view last = "or");

/// "1.2 MB", powers of 1000.
std::string human_bytes(double bytes);

/// The bytes of "512MiB", "1.5 GB" or "1024" (B, kB, MB, GB, TB: powers of 1000; KiB, MiB, GiB, TiB: of 1024; case does
/// not matter); nothing where it is neither that nor below 2^63.
std::optional<std::int64_t> parse_bytes(std::string_view text);

/// "1,663,370".
std::string with_commas(std::int64_t number);

/// "0.05", "1e-06": the shortest decimal that reads back as the same double; always a TOML float ("1.0").
std::string shortest(double value);

/// "3.2 s", "1 min 5 s", "2 h 3 min".
std::string human_seconds(double seconds);

}  // namespace fedsim
