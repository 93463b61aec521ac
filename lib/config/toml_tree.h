// Inside lib/config only: what the files that use toml++ share.
#pragma once

#include <toml++/toml.h>

#include <string_view>

#include "config/value.h"

namespace fedsim {

/// A region as a place; one of several lines is cut at the end of its first.
Place place_of(const SourcePtr& source, const toml::source_region& region);
/// A whole tree, with the place of every key and value.
Value convert(const SourcePtr& source, const toml::node& node);
/// What is wrong with a text that toml++ refuses, in our words; both positions of a duplicate.
Diagnostic diagnose(const SourcePtr& source, const toml::parse_error& error);

inline constexpr std::size_t max_key_parts = 100;  // far above any real key: keeps recursion shallow
/// A key of thousands of dotted parts would nest tables that deep. Returns the line of one, or 0.
std::size_t line_of_endless_key(std::string_view text);

}  // namespace fedsim
